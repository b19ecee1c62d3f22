"""The Unitree G1 jumps to a height and over a distance on command."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.scene_entity_config import SceneEntityCfg
from mjlab.tasks.velocity import mdp

from trainer_proc.simulators.mjlab.tasks import jump_rewards
from trainer_proc.simulators.mjlab.tasks.g1_goal import STANDING, g1_goal_env_cfg
from trainer_proc.simulators.mjlab.tasks.jump_command import JumpCommandCfg

_JUMP_S = 4.0
"""Time for each jump: to wait, to jump, and to stand for a second."""
FEET = "feet_ground_contact"
"""Sensor of the contacts of both feet with the ground, with their time in the air."""


def g1_jump_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return a task of the G1 on flat ground with two jumps in each episode of 8 s."""
    command = JumpCommandCfg(
        sensor_name=FEET, standing_height=STANDING, resampling_time_range=(_JUMP_S, _JUMP_S), debug_vis=True
    )
    cfg = g1_goal_env_cfg("jump", command, episode_s=2 * _JUMP_S, play=play)
    joints = SceneEntityCfg("robot", joint_names=(".*",))
    cfg.rewards |= jump_reward_terms("air_time") | {
        "pose": RewardTermCfg(
            func=jump_rewards.posture_at_rest,
            weight=2.0,
            params={"std": {".*": 0.2}, "asset_cfg": joints, "command_name": "jump"},
        ),
        "soft_landing": RewardTermCfg(func=mdp.soft_landing, weight=-1.0e-3, params={"sensor_name": FEET}),
    }
    cfg.rewards["joint_torques_l2"].weight = -2.0e-6  # a jump needs large torques for a moment
    return cfg


def jump_reward_terms(flight: str) -> dict[str, RewardTermCfg]:
    """Return what pays for jumps of the command `jump`: the height, the landing, its place, and as `flight` the flight.

    All terms are 0 in environments that wait.
    """
    of_jump = {"command_name": "jump"}
    height = {**of_jump, "std": 0.1, "margin": 0.05}
    return {
        "jump_height": RewardTermCfg(func=jump_rewards.jump_height, weight=4.0, params=dict(height)),
        "landed": RewardTermCfg(
            func=jump_rewards.jump_landed, weight=4.0, params={**height, "distance_std": 0.35, "upright_std": 0.45}
        ),
        "jump_distance": RewardTermCfg(func=jump_rewards.jump_distance, weight=2.0, params={**of_jump, "std": 0.35}),
        flight: RewardTermCfg(func=jump_rewards.flight_air_time, weight=2.0, params=dict(of_jump)),
    }
