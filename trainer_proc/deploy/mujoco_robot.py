"""A robot in plain MuJoCo (C, double precision): the trained robot's model on a flat floor, driven by PD gains.

Each joint's law is one actuator whose bias is linear in position and velocity, so that MuJoCo integrates the damping
implicitly, as the training does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import HeightMap
from trainer_proc.deploy.actions import limit_arrays
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.mujoco_model import FLOOR, check_parts, compiled, quiet_mujoco, robot_spec
from trainer_proc.deploy.robot import VECTORS, Floats, JointTargets, RobotState

_DROP = 1e-3
"""Height of the lowest point above the floor after a reset, metres."""
_DAMPING = 5.0
"""N·m·s/rad of `damp` for joints without a gain."""


class MujocoRobot:
    """A `RobotInterface` whose time is the simulation's: `step` advances it. `model` and `data` are MuJoCo's."""

    def __init__(self, card: PolicyCard, model_file: Path, *, physics_dt: float | None = None) -> None:
        """Build the robot. `physics_dt` (s) replaces the card's, a divisor of the control step.

        Raises `BundleRefused` for a model that isn't the card's robot.
        """
        mujoco = self._mujoco = quiet_mujoco()
        spec = robot_spec(mujoco, card, model_file)
        step = physics_dt or card.physics_dt or 0.005
        assert card.control_frequency is not None, "checked by load_bundle"
        self._substeps = max(1, round(1.0 / (card.control_frequency * step)))
        spec.option.timestep = 1.0 / (card.control_frequency * self._substeps)
        self.model, self.data = compiled(mujoco, spec, model_file.name)
        check_parts(mujoco, self.model, card)
        self.joint_names: Sequence[str] = tuple(card.joint_names)
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in card.joint_names])
        self._qvel = np.array([self.model.joint(name).dofadr[0] for name in card.joint_names])
        self._base = self.model.body(card.base_body).id if card.base_body else 1
        free = self.model.body_jntadr[self._base]
        self.is_free = free >= 0 and self.model.jnt_type[free] == mujoco.mjtJoint.mjJNT_FREE
        self.frames: Mapping[str, Sequence[str]] = _frames(card)
        self._frame = {name: _Frame(self, frames[0] if frames else "") for name, frames in self.frames.items()}
        self._height_map = card.height_map
        self.has_height_scan = card.height_map is not None
        self.has_position = True
        bad = mujoco.mjtWarning
        self._bad = (bad.mjWARN_BADQPOS, bad.mjWARN_BADQVEL, bad.mjWARN_BADQACC)
        self._default = np.array(card.default_joint_positions)
        self._others = [
            (self.model.joint(name).qposadr[0], position)
            for name, position in zip(card.robot_joint_names, card.robot_joint_positions, strict=True)
            if name not in card.joint_names
        ]
        self._damping = np.array([gain or _DAMPING for gain in card.joint_damping])
        self._effort_limits = limit_arrays(card.joint_effort_limits)
        self.strength = 1.0
        """Factor of all torques that the motors give: gains and effort limits."""
        self._targets = JointTargets.zeros(len(self.joint_names))
        self.reset()
        if not np.isfinite(self.data.xpos).all():
            raise refused(model_file.name, "finite positions of bodies", "NaN or infinite ones", EXPORT_AGAIN)

    # --- the interface ---

    def read(self) -> RobotState:
        """Return the true state; `time` is the simulation's."""
        data = self.data
        return RobotState(
            time=float(data.time),
            joint_positions=data.qpos[self._qpos],
            joint_velocities=data.qvel[self._qvel],
            joint_efforts=data.qfrc_actuator[self._qvel],
            orientation=self._frame["projected_gravity"].orientation(),
            base_ang_vel=self._frame["base_ang_vel"].velocity()[:3],
            base_lin_vel=self._frame["base_lin_vel"].velocity()[3:],
            height_scan=None if self._height_map is None else self._scan(self._height_map),
            base_position=self.base_position,
            problem="the simulation has diverged: verify the bundle" if self.has_diverged() else "",
        )

    def write(self, targets: JointTargets) -> None:
        """Set the targets from the next physics step on."""
        model, low_high = self.model, self._effort_limits
        stiffness, damping = self.strength * targets.stiffness, self.strength * targets.damping
        model.actuator_biasprm[:, 1] = -stiffness
        model.actuator_biasprm[:, 2] = -damping
        model.actuator_forcerange[:] = self.strength * np.stack(low_high, axis=1)
        self.data.ctrl[:] = stiffness * targets.position + damping * targets.velocity + self.strength * targets.effort

    def damp(self) -> None:
        """Brake with the policy's damping gains, without stiffness."""
        targets = JointTargets.zeros(len(self.joint_names))
        targets.damping[:] = self._damping
        self.write(targets)

    def close(self) -> None:
        """Damp."""
        self.damp()

    # --- the simulation ---

    def step(self, control_steps: int = 1) -> None:
        """Advance the simulation by control steps. The state is consistent afterwards."""
        self.advance(self._substeps * control_steps)

    def advance(self, physics_steps: int) -> None:
        """Advance the simulation by physics steps; one that diverges stays in the last sound state."""
        data = self.data
        if self.has_diverged():
            return
        sound = data.qpos.copy(), data.qvel.copy()
        self._mujoco.mj_step(self.model, data, physics_steps)
        if self.has_diverged():
            data.qpos[:], data.qvel[:] = sound
        self._forward()

    def has_diverged(self) -> bool:
        """Return whether the simulation has met a state that isn't finite since the last reset."""
        return any(self.data.warning[kind].number > 0 for kind in self._bad)

    def reset(
        self,
        joint_positions: Floats | None = None,
        *,
        joint_velocities: Floats | None = None,
        orientation: Sequence[float] = (1.0, 0.0, 0.0, 0.0),
        velocity: Sequence[float] = (0.0,) * 6,
        lift: float = 0.0,
    ) -> None:
        """Put the robot on the floor: its lowest point touches it, or is `lift` (m) above it.

        `joint_positions` and `joint_velocities` have the order of `joint_names`; default pose, at rest. `velocity` is
        the base's: linear in the world's axes (m/s), angular in its own (rad/s).
        """
        data = self.data
        self._mujoco.mj_resetData(self.model, data)
        data.qpos[self._qpos] = self._default if joint_positions is None else joint_positions
        for place, position in self._others:
            data.qpos[place] = position
        if joint_velocities is not None:
            data.qvel[self._qvel] = joint_velocities
        if self.is_free:
            data.qpos[3:7] = orientation
            data.qvel[:6] = velocity
            self._put_on_floor()
            data.qpos[2] += lift
        self._targets.position[:] = data.qpos[self._qpos]
        self._targets.damping[:] = self._damping
        self.write(self._targets)
        self._forward()

    def push(self, velocity: Sequence[float]) -> None:
        """Add to the base's velocity: linear in the world's axes (m/s), then angular in its own (rad/s) if given."""
        self.data.qvel[: len(velocity)] += velocity
        self._forward()

    @property
    def base_position(self) -> Floats:
        """[3] position of the base in metres, in the world's axes."""
        position: Floats = self.data.xpos[self._base].copy()
        return position

    def poses(self, joint_positions: Floats, orientation: Floats, position: Floats | None) -> Floats:
        """Return [bodies, 7] positions (m) and quaternions of all bodies but the world, for joints of `joint_names`.

        Without `position`, the lowest point touches the floor. It replaces the simulation's state.
        """
        data = self.data
        data.qpos[self._qpos] = joint_positions
        if self.is_free:
            data.qpos[:3] = 0.0 if position is None else position
            data.qpos[3:7] = orientation
            if position is None:
                self._put_on_floor()
        self._mujoco.mj_kinematics(self.model, data)
        return np.concatenate([data.xpos[1:], data.xquat[1:]], axis=1)

    def parallel_frames(self, body: str) -> list[str]:
        """Return the sites that are fixed to a body with axes parallel to its own: they turn as it does."""
        mujoco, model = self._mujoco, self.model
        found = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, body)
        sites = [site for site in range(model.nsite) if found >= 0 and model.site_bodyid[site] == found]
        return [str(model.site(site).name) for site in sites if abs(model.site_quat[site][0]) > 1.0 - 1e-9]

    def _forward(self) -> None:
        """Compute positions and velocities of bodies from the state; keep the torques of the last step."""
        self._mujoco.mj_kinematics(self.model, self.data)
        self._mujoco.mj_comPos(self.model, self.data)
        self._mujoco.mj_comVel(self.model, self.data)

    def _put_on_floor(self) -> None:
        mujoco, model, data = self._mujoco, self.model, self.data
        data.qpos[2] = 2.0
        self._forward()
        floor = model.geom(FLOOR).id
        solid = [geom for geom in range(model.ngeom) if geom != floor and _collides(model, geom, floor)]
        lowest = min((mujoco.mj_geomDistance(model, data, geom, floor, 10.0, None) for geom in solid), default=2.0)
        data.qpos[2] += _DROP - lowest

    def _scan(self, height_map: HeightMap) -> Floats:
        """Return the height of the frame above the flat floor at each point."""
        height = self.data.xpos[self.model.body(height_map.frame).id][2] - height_map.offset
        return np.full(len(height_map.points), height)


class _Frame:
    """A site or body whose velocity is measured in its own axes."""

    def __init__(self, robot: MujocoRobot, name: str) -> None:
        mujoco, model = robot._mujoco, robot.model
        site = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, name) if name else -1
        body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name) if name else robot._base
        if site < 0 and body < 0:
            raise refused("observation_terms: frame", "a body or site of the robot's model", name, EXPORT_AGAIN)
        self._robot, self._velocity = robot, np.zeros(6)
        self._is_site, self._id = site >= 0, site if site >= 0 else body

    def velocity(self) -> Floats:
        """Return angular (rad/s) and linear (m/s) velocity in the frame's axes: [6]."""
        robot = self._robot
        kind = robot._mujoco.mjtObj.mjOBJ_SITE if self._is_site else robot._mujoco.mjtObj.mjOBJ_XBODY
        robot._mujoco.mj_objectVelocity(robot.model, robot.data, kind, self._id, self._velocity, 1)
        return self._velocity.copy()

    def orientation(self) -> Floats:
        """Return the frame's quaternion in the world's axes: [4]."""
        data = self._robot.data
        if not self._is_site:
            orientation: Floats = data.xquat[self._id].copy()
            return orientation
        found = np.zeros(4)
        self._robot._mujoco.mju_mat2Quat(found, data.site_xmat[self._id])
        return found


def robot_of(bundle: Bundle) -> MujocoRobot:
    """Return the bundle's robot in MuJoCo. Raises `BundleRefused` without a model, or `PackageMissing`."""
    if bundle.robot_model is None:
        remedy = "train with mjlab, or run the policy with --robot unitree"
        raise refused("robot_model", "the robot's MuJoCo model", "none", remedy)
    return MujocoRobot(bundle.card, bundle.robot_model)


def _frames(card: PolicyCard) -> dict[str, Sequence[str]]:
    """Return the frames in which the policy observes, since a simulation measures in any; the base's without one."""
    found: dict[str, Sequence[str]] = dict.fromkeys(VECTORS, (card.base_body,) if card.base_body else ())
    for term in card.observation_terms:
        if term.quantity in VECTORS and term.frame:
            found[term.quantity] = (term.frame,)
    return found


def _collides(model: Any, geom: int, floor: int) -> bool:
    contype, conaffinity = model.geom_contype, model.geom_conaffinity
    return bool(contype[geom] & conaffinity[floor] or contype[floor] & conaffinity[geom])
