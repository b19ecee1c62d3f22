"""Observation terms of the program's own tasks.

Shapes: E environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from mjlab.utils.lab_api.math import quat_apply_inverse

from trainer_proc.simulators.mjlab.tasks.reach_command import ReachCommand

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv


def hand_to_target(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Return the way from the hand to its target (E, 3) in the root's frame (m)."""
    command = cast(ReachCommand, env.command_manager.get_term(command_name))
    way: torch.Tensor = quat_apply_inverse(command.asset.data.root_link_quat_w, command.hand_to_target)
    return way
