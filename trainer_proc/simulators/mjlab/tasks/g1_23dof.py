"""The Unitree G1 with 23 joints: without wrist pitch and yaw, and with a locked waist.

The held joints are removed from mjlab's model of 29 joints; their links stay, fixed at zero, with mass and collisions.
"""

from __future__ import annotations

from dataclasses import replace

import mujoco  # type: ignore[import-untyped]
from mjlab.asset_zoo.robots import get_g1_robot_cfg
from mjlab.asset_zoo.robots.unitree_g1.g1_constants import (
    G1_ACTION_SCALE,
    G1_ACTUATOR_4010,
    G1_ACTUATOR_WAIST,
    G1_ARTICULATION,
    get_spec,
)
from mjlab.entity import EntityCfg
from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.envs.mdp.actions import JointPositionActionCfg
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg

HELD_JOINTS = (
    "waist_roll_joint",
    "waist_pitch_joint",
    *(f"{side}_wrist_{axis}_joint" for side in ("left", "right") for axis in ("pitch", "yaw")),
)
_HELD_ACTUATORS = (G1_ACTUATOR_4010, G1_ACTUATOR_WAIST)
"""Actuators that drive only held joints."""


def g1_23dof_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's flat velocity task of the G1 with 23 joints, actions and joint observations."""
    cfg = unitree_g1_flat_env_cfg(play=play)
    cfg.scene.entities = {"robot": _robot_cfg()}
    action = cfg.actions["joint_pos"]
    assert isinstance(action, JointPositionActionCfg)
    held = {pattern for actuator in _HELD_ACTUATORS for pattern in actuator.target_names_expr}
    action.scale = {pattern: scale for pattern, scale in G1_ACTION_SCALE.items() if pattern not in held}
    pose = cfg.rewards["pose"].params
    for key in ("std_walking", "std_running"):  # a pattern that no joint matches is an error
        pose[key] = {pattern: std for pattern, std in pose[key].items() if "waist_roll" not in pattern}
        pose[key] = {pattern: std for pattern, std in pose[key].items() if "waist_pitch" not in pattern}
    return cfg


def _robot_cfg() -> EntityCfg:
    actuators = tuple(actuator for actuator in G1_ARTICULATION.actuators if actuator not in _HELD_ACTUATORS)
    articulation = replace(G1_ARTICULATION, actuators=actuators)
    return replace(get_g1_robot_cfg(), spec_fn=_spec, articulation=articulation)


def _spec() -> mujoco.MjSpec:
    spec = get_spec()
    for name in HELD_JOINTS:
        spec.delete(spec.joint(name))
    return spec
