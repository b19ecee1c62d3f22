"""Reward terms of the program's own tasks, in the form of mjlab's. Weights make penalties of costs.

Shapes: E environments; every term returns (E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from mjlab.managers.scene_entity_config import SceneEntityCfg

from trainer_proc.simulators.mjlab.tasks.reach_command import ReachCommand
from trainer_proc.simulators.support import distance_from_support

if TYPE_CHECKING:
    from mjlab.entity import Entity
    from mjlab.envs import ManagerBasedRlEnv

_ROBOT = SceneEntityCfg("robot")


def reach(env: ManagerBasedRlEnv, command_name: str, std: float) -> torch.Tensor:
    """Return `exp(-d / std)` of the distance d between hand and target (m).

    Isaac Lab's reach task has `1 - tanh(d / std)` with the same parameter (`position_command_error_tanh`).
    """
    command = cast(ReachCommand, env.command_manager.get_term(command_name))
    return torch.exp(-command.hand_to_target.norm(dim=-1) / std)


def balance(env: ManagerBasedRlEnv, std: float, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Return `exp(-e / std)` of the distance e of the centre of mass from the support, on the ground (m).

    The support is the line between the two feet, sites of `asset_cfg`. ULC rewards the place of the centre of mass too
    (Sun et al., 2025, arXiv:2507.06905).
    """
    robot: Entity = env.scene[asset_cfg.name]
    left, right = robot.data.site_pos_w[:, asset_cfg.site_ids, :2].unbind(1)
    mass = robot.data.data.subtree_com[:, robot.data.indexing.root_body_id, :2]
    return torch.exp(-distance_from_support(mass, left, right) / std)


def feet_slip(env: ManagerBasedRlEnv, sensor_name: str, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Return the squared horizontal speed of feet that touch the ground (m²/s²), as mjlab's term for any command."""
    robot: Entity = env.scene[asset_cfg.name]
    is_touching = env.scene[sensor_name].data.found > 0
    speeds: torch.Tensor = robot.data.site_lin_vel_w[:, asset_cfg.site_ids, :2].square().sum(-1)
    slip: torch.Tensor = (speeds * is_touching).sum(-1)
    return slip


def base_height_l2(env: ManagerBasedRlEnv, target_height: float, asset_cfg: SceneEntityCfg = _ROBOT) -> torch.Tensor:
    """Return the squared error of the root's height above the ground (m²), as Isaac Lab's and legged_gym's term."""
    robot: Entity = env.scene[asset_cfg.name]
    height = robot.data.root_link_pos_w[:, 2] - env.scene.env_origins[:, 2]
    return torch.square(height - target_height)
