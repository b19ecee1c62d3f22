"""Rewards and observations of lifting a box, in the form of mjlab's.

Shapes: E environments; every reward returns (E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from mjlab.utils.lab_api.math import quat_apply_inverse

from trainer_proc.simulators.mjlab.tasks.lift_command import LiftBoxCommand

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv


def approach(env: ManagerBasedRlEnv, command_name: str, std: float, distance: float) -> torch.Tensor:
    """Return `exp(-d / std)` of the way d (m) that the root lacks to be within `distance` (m) of the box."""
    lacking = (_lift(env, command_name).box_distance - distance).clamp(min=0.0)
    return torch.exp(-lacking / std)


def reach(env: ManagerBasedRlEnv, command_name: str, std: float) -> torch.Tensor:
    """Return the mean over both hands of `exp(-d / std)` of the distance d between palm and side of the box (m)."""
    return torch.exp(-_lift(env, command_name).hands_to_grips.norm(dim=-1) / std).mean(-1)


def grasp(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Return 1 while both hands touch the box: a lift between two hands, as in Dao et al. (2023, arXiv:2310.03191)."""
    return _lift(env, command_name).is_grasped.float()


def lift(env: ManagerBasedRlEnv, command_name: str, height: float) -> torch.Tensor:
    """Return the share of `height` (m) that the box has been lifted, 0 to 1, while both hands touch it.

    Isaac Lab's `object_is_lifted` is 1 from a height on; the share also rewards the way there. A height above the one
    that success needs keeps the box away from that limit.
    """
    command = _lift(env, command_name)
    return (command.lift / height).clamp(0.0, 1.0) * command.is_grasped


def box_position(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Return the box's position in the root's frame (E, 3), m."""
    command = _lift(env, command_name)
    root = command.asset.data
    place: torch.Tensor = quat_apply_inverse(
        root.root_link_quat_w, command.box.data.root_link_pos_w - root.root_link_pos_w
    )
    return place


def hands_to_box(env: ManagerBasedRlEnv, command_name: str) -> torch.Tensor:
    """Return the ways from left and right palm to the box's sides in the root's frame (E, 6), m."""
    command = _lift(env, command_name)
    turn = command.asset.data.root_link_quat_w.unsqueeze(1).expand(-1, 2, -1)
    way: torch.Tensor = quat_apply_inverse(turn, command.hands_to_grips).flatten(1)
    return way


def _lift(env: ManagerBasedRlEnv, command_name: str) -> LiftBoxCommand:
    return cast(LiftBoxCommand, env.command_manager.get_term(command_name))
