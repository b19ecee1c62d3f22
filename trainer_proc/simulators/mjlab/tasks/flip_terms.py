"""Terms of a task that tracks a flip. Shapes: E environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv

    from trainer_proc.simulators.mjlab.tasks.flip_command import FlipCommand


def standing_after_turn(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Reward 1 while the robot stands upright after all turns (E)."""
    command = cast("FlipCommand", env.command_manager.get_term(command_name))
    return (command.has_turned & command.is_upright).float()


def motion_ended(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """End the episode with the motion, which would begin again elsewhere (E, bool)."""
    return cast("FlipCommand", env.command_manager.get_term(command_name)).has_ended
