"""The Unitree G1 reaches targets with its right hand while it stands and steps."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.observation_manager import ObservationTermCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.scene_entity_config import SceneEntityCfg
from mjlab.tasks.velocity import mdp
from mjlab.utils.noise import UniformNoiseCfg

from trainer_proc.simulators.mjlab.tasks import rewards
from trainer_proc.simulators.mjlab.tasks.g1_goal import g1_goal_env_cfg
from trainer_proc.simulators.mjlab.tasks.observations import hand_to_target
from trainer_proc.simulators.mjlab.tasks.reach_command import ReachCommandCfg

_TARGET_S = 5.0
"""Time for each target."""
_POSE_STD = {
    ".*_hip_pitch_joint": 0.3,
    ".*_hip_(roll|yaw)_joint": 0.15,
    ".*_knee_joint": 0.35,
    ".*_ankle_pitch_joint": 0.25,
    ".*_ankle_roll_joint": 0.1,
    "waist_yaw_joint": 0.3,
    "waist_(roll|pitch)_joint": 0.2,
    "left_(shoulder_pitch|shoulder_roll|shoulder_yaw|elbow|wrist_roll|wrist_pitch|wrist_yaw)_joint": 0.3,
}
"""Deviations from the default positions (rad), about those of mjlab's walking G1; the right arm is free."""


def g1_reach_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return a task of the G1 on flat ground with two targets in each episode of 10 s."""
    command = ReachCommandCfg(site_name="right_palm", resampling_time_range=(_TARGET_S, _TARGET_S), debug_vis=True)
    cfg = g1_goal_env_cfg("reach", command, episode_s=2 * _TARGET_S, play=play)
    from_hand = ObservationTermCfg(
        func=hand_to_target, params={"command_name": "reach"}, noise=UniformNoiseCfg(n_min=-0.01, n_max=0.01)
    )
    for group in cfg.observations.values():
        group.terms["hand_to_target"] = from_hand
    joints = SceneEntityCfg("robot", joint_names=tuple(_POSE_STD))
    cfg.rewards |= {
        "reach": RewardTermCfg(func=rewards.reach, weight=2.0, params={"command_name": "reach", "std": 0.1}),
        "approach": RewardTermCfg(func=rewards.reach, weight=1.0, params={"command_name": "reach", "std": 0.5}),
        "pose": RewardTermCfg(func=mdp.posture, weight=0.5, params={"std": _POSE_STD, "asset_cfg": joints}),
    }
    return cfg
