"""Reward terms of the program's own tasks, in the form of Isaac Lab's.

Shapes: E environments; every term returns (E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from isaaclab.managers import SceneEntityCfg

from trainer_proc.simulators.isaaclab.tasks.reach_command import ReachCommand
from trainer_proc.simulators.support import distance_from_support

if TYPE_CHECKING:
    from isaaclab.assets import Articulation
    from isaaclab.envs import ManagerBasedRLEnv


def reach(env: ManagerBasedRLEnv, command_name: str, std: float) -> torch.Tensor:
    """Return `exp(-d / std)` of the distance d between hand and target (m).

    Isaac Lab has `1 - tanh(d / std)` with the same parameter (`position_command_error_tanh`).
    """
    command = cast(ReachCommand, env.command_manager.get_term(command_name))
    return torch.exp(-command.hand_to_target.norm(dim=-1) / std)


def balance(env: ManagerBasedRLEnv, std: float, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Return `exp(-e / std)` of the distance e of the centre of mass from the support, on the ground (m).

    The support is the line between the two feet, bodies of `asset_cfg`. ULC rewards the place of the centre of mass too
    (Sun et al., 2025, arXiv:2507.06905).
    """
    robot: Articulation = env.scene[asset_cfg.name]
    masses = robot.data.body_mass.torch.unsqueeze(-1)
    mass = (robot.data.body_com_pos_w.torch * masses).sum(1) / masses.sum(1)
    left, right = robot.data.body_pos_w.torch[:, asset_cfg.body_ids, :2].unbind(1)
    return torch.exp(-distance_from_support(mass[:, :2], left, right) / std)
