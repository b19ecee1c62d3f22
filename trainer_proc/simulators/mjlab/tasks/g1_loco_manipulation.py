"""The Unitree G1 walks to a box on a table, grasps it with both hands and lifts it."""

from __future__ import annotations

import mujoco  # type: ignore[import-untyped]
from mjlab.entity import EntityCfg
from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.observation_manager import ObservationTermCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.scene_entity_config import SceneEntityCfg
from mjlab.managers.termination_manager import TerminationTermCfg
from mjlab.sensor import ContactMatch, ContactSensorCfg
from mjlab.tasks.velocity import mdp
from mjlab.utils.noise import UniformNoiseCfg

from trainer_proc.simulators.mjlab.tasks import lift_terms
from trainer_proc.simulators.mjlab.tasks.g1_goal import g1_goal_env_cfg
from trainer_proc.simulators.mjlab.tasks.lift_command import LiftBoxCommandCfg

_EPISODE_S = 10.0
_TABLE = (0.3, 0.6, 0.02)
"""Half edges of the table's top (m)."""
_TABLE_HEIGHT = 0.55
"""Height of its top (m): hands of a standing robot are above it, also close to it."""
_BOX = (0.12, 0.12, 0.1)
"""Half edges of the box (m)."""
_BOX_MASS = 1.0
_EDGE = 0.02
"""Distance of the box from the table's near edge (m)."""
_HAND = 0.035
"""Radius of a hand (m)."""
_POSE_STD = {
    ".*_hip_pitch_joint": 0.3,
    ".*_hip_(roll|yaw)_joint": 0.15,
    ".*_knee_joint": 0.35,
    ".*_ankle_pitch_joint": 0.25,
    ".*_ankle_roll_joint": 0.1,
    "waist_yaw_joint": 0.2,
    "waist_(roll|pitch)_joint": 0.2,
}
"""Deviations from the default positions (rad), about those of mjlab's walking G1; the arms are free."""


def g1_loco_manipulation_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return a task of the G1 on flat ground with a box on a table; one box an episode of 10 s."""
    command = LiftBoxCommandCfg(
        site_names=("left_palm", "right_palm"),
        sensor_name="hands_box_contact",
        grip_width=2 * (_BOX[1] + _HAND),
        table_offset=_TABLE[0] - _BOX[0] - _EDGE,
        rest_height=_TABLE_HEIGHT + _BOX[2],
        resampling_time_range=(_EPISODE_S, _EPISODE_S),
        debug_vis=True,
    )
    cfg = g1_goal_env_cfg("lift", command, episode_s=_EPISODE_S, play=play)
    cfg.scene.entities |= {"table": EntityCfg(spec_fn=_table), "box": EntityCfg(spec_fn=_box)}
    cfg.scene.sensors += (
        ContactSensorCfg(
            name="hands_box_contact",
            primary=ContactMatch(mode="body", pattern=r"^(left|right)_wrist_yaw_link$", entity="robot"),
            secondary=ContactMatch(mode="body", pattern="box", entity="box"),
            fields=("found", "force"),
            reduce="netforce",
        ),
    )
    cfg.sim.njmax = 500  # contacts of table, box and hands
    of_lift = {"command_name": "lift"}
    noise = UniformNoiseCfg(n_min=-0.01, n_max=0.01)
    observed = {
        "box_position": ObservationTermCfg(func=lift_terms.box_position, params=dict(of_lift), noise=noise),
        "hands_to_box": ObservationTermCfg(func=lift_terms.hands_to_box, params=dict(of_lift), noise=noise),
    }
    for group in cfg.observations.values():
        group.terms |= observed
    joints = SceneEntityCfg("robot", joint_names=tuple(_POSE_STD))
    cfg.rewards |= {
        "approach": RewardTermCfg(
            func=lift_terms.approach, weight=1.0, params={**of_lift, "std": 0.5, "distance": 0.35}
        ),
        "reach": RewardTermCfg(func=lift_terms.reach, weight=1.0, params={**of_lift, "std": 0.1}),
        "reach_far": RewardTermCfg(func=lift_terms.reach, weight=0.5, params={**of_lift, "std": 0.5}),
        "grasp": RewardTermCfg(func=lift_terms.grasp, weight=1.0, params=dict(of_lift)),
        "lift": RewardTermCfg(func=lift_terms.lift, weight=4.0, params={**of_lift, "height": 0.15}),
        "pose": RewardTermCfg(func=mdp.posture, weight=0.5, params={"std": _POSE_STD, "asset_cfg": joints}),
    }
    cfg.terminations["box_dropped"] = TerminationTermCfg(
        func=mdp.root_height_below_minimum, params={"minimum_height": 0.4, "asset_cfg": SceneEntityCfg("box")}
    )
    return cfg


def _table() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(name="table")
    body.add_geom(
        name="table_top",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=_TABLE,
        pos=(0.0, 0.0, _TABLE_HEIGHT - _TABLE[2]),
        mass=20.0,
        rgba=(0.6, 0.5, 0.4, 1.0),
    )
    return spec


def _box() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(name="box")
    body.add_freejoint(name="box_joint")
    body.add_geom(
        name="box_geom",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=_BOX,
        mass=_BOX_MASS,
        condim=4,  # hands without fingers hold it by friction
        friction=(1.0, 0.02, 0.001),
        rgba=(0.8, 0.3, 0.2, 1.0),
    )
    return spec
