"""Observation terms of the program's own tasks, in the form of Isaac Lab's.

Shapes: E environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from isaaclab.utils.math import quat_apply_inverse

from trainer_proc.simulators.isaaclab.tasks.reach_command import ReachCommand

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv


def hand_to_target(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """Return the way from the hand to its target (E, 3) in the root's frame (m)."""
    command = cast(ReachCommand, env.command_manager.get_term(command_name))
    orientation = command.asset.data.root_link_pose_w.torch[:, 3:]
    way: torch.Tensor = quat_apply_inverse(orientation, command.hand_to_target)
    return way
