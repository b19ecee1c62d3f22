"""The Unitree G1 on flat ground with a goal instead of a velocity: what such tasks have in common."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.scene_entity_config import SceneEntityCfg
from mjlab.tasks.velocity import mdp
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg

from trainer_proc.simulators.mjlab.tasks import rewards
from trainer_proc.simulators.mjlab.tasks.goal_command import GoalCommandCfg

STANDING = 0.76
"""Height of the root of a G1 that stands with its knees bent as in mjlab's tasks (m)."""
_KEPT = ("upright", "body_ang_vel", "dof_pos_limits", "action_rate_l2", "self_collisions")
"""Rewards of mjlab's velocity task that do not depend on its command."""


def g1_goal_env_cfg(name: str, command: GoalCommandCfg, *, episode_s: float, play: bool) -> ManagerBasedRlEnvCfg:
    """Return mjlab's flat velocity task of the G1 with another command, and rewards for balance and little effort.

    The command's observation replaces that of the velocity. `episode_s` is the length of an episode (s), but in `play`.
    """
    cfg = unitree_g1_flat_env_cfg(play=play)
    if not play:
        cfg.episode_length_s = episode_s
    cfg.commands = {name: command}
    cfg.curriculum = {}
    for group in cfg.observations.values():
        group.terms["command"].params["command_name"] = name
    feet = SceneEntityCfg("robot", site_names=("left_foot", "right_foot"))
    cfg.rewards = {term: cfg.rewards[term] for term in _KEPT} | {
        "balance": RewardTermCfg(func=rewards.balance, weight=1.0, params={"std": 0.2, "asset_cfg": feet}),
        "base_height_l2": RewardTermCfg(func=rewards.base_height_l2, weight=-2.0, params={"target_height": STANDING}),
        "joint_torques_l2": RewardTermCfg(func=mdp.joint_torques_l2, weight=-1.0e-5),
        "foot_slip": RewardTermCfg(
            func=rewards.feet_slip, weight=-0.1, params={"sensor_name": "feet_ground_contact", "asset_cfg": feet}
        ),
    }
    # mjlab's -0.1 is balanced by two tracking rewards of 2, which these tasks lack
    cfg.rewards["action_rate_l2"].weight = -0.05
    return cfg
