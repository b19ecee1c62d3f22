"""The Unitree G1 tracks a backflip that the program has made itself."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.envs.mdp.actions import JointPositionActionCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.termination_manager import TerminationTermCfg
from mjlab.tasks.tracking.config.g1.env_cfgs import unitree_g1_flat_tracking_env_cfg

from trainer_proc.simulators.mjlab.tasks import flip_terms
from trainer_proc.simulators.mjlab.tasks.flip_action import FlipActionCfg
from trainer_proc.simulators.mjlab.tasks.flip_command import FlipCommandCfg

_POSE_NOISE = {"x": 0.02, "y": 0.02, "roll": 0.03, "pitch": 0.03, "yaw": 0.1}
"""Of the root at the start of an episode (m, rad), up or down; mjlab's is 2 to 3 times as large."""
_VELOCITY_NOISE = {"x": 0.1, "y": 0.1, "z": 0.05, "roll": 0.1, "pitch": 0.1, "yaw": 0.1}
"""Likewise (m/s, rad/s). mjlab's, 5 times as large, changes a flight of 0.64 s by up to 0.33 rad."""
_JOINT_NOISE = 0.05
"""Likewise, of all joints (rad)."""

MOTION = str(files("trainer_proc.motions") / "g1-backflip.npz")


def g1_backflip_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's tracking task with the backflip: actions correct its targets, and an episode ends with it."""
    cfg = unitree_g1_flat_tracking_env_cfg(play=play)
    tracked = cfg.commands["motion"]
    values = {field.name: getattr(tracked, field.name) for field in fields(tracked)}
    cfg.commands["motion"] = command = FlipCommandCfg(**values | {"motion_file": MOTION})
    if not play:
        command.sampling_mode = "uniform"
        command.pose_range = {axis: (-size, size) for axis, size in _POSE_NOISE.items()}
        command.velocity_range = {axis: (-size, size) for axis, size in _VELOCITY_NOISE.items()}
        command.joint_position_range = (-_JOINT_NOISE, _JOINT_NOISE)
    action = cfg.actions["joint_pos"]
    assert isinstance(action, JointPositionActionCfg)
    cfg.actions["joint_pos"] = FlipActionCfg(
        entity_name=action.entity_name, actuator_names=action.actuator_names, scale=action.scale
    )
    cfg.events.pop("push_robot", None)  # mjlab's pushes would come in flight too
    of_motion = {"command_name": "motion"}
    cfg.rewards["standing_after_turn"] = RewardTermCfg(
        func=flip_terms.standing_after_turn, weight=1.0, params=dict(of_motion)
    )
    cfg.terminations["motion_ended"] = TerminationTermCfg(
        func=flip_terms.motion_ended, params=dict(of_motion), time_out=True
    )
    return cfg
