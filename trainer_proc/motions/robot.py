"""A G1 in MuJoCo that follows targets of its joints.

The controls of a motion are symmetric: a joint of the sagittal plane stands for those of both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

PREFIX = "robot/"
"""Of all names of the robot in the model."""
SAGITTAL = ("hip_pitch", "knee", "ankle_pitch", "waist_pitch", "shoulder_pitch", "elbow")
"""Joints that the motion moves; all others hold the pose of standing."""
ANKLE = SAGITTAL.index("ankle_pitch")
_ON_THE_GROUND = 0.755
"""Height of the root at which the feet touch the ground in the default pose (m)."""
_FOOT_MIDDLE = 0.035
"""How far the middle of a sole is ahead of its ankle (m)."""


@dataclass(frozen=True)
class TaskModel:
    """The model of a task with one robot, and what its motors and joints allow."""

    model: mujoco.MjModel
    substeps: int
    """Steps of the physics in a control step."""
    soft_limit_factor: float
    """Share of a joint's range that it may use without a penalty."""
    speed_limits: tuple[float, ...]
    """By joint (rad/s)."""


class Robot:
    """A robot that stands, and whose motors follow targets of the sagittal joints for one control step at a time."""

    def __init__(self, task: TaskModel) -> None:
        self.model, self.substeps = task.model, task.substeps
        self.data = mujoco.MjData(self.model)
        self.step_dt = float(self.model.opt.timestep) * self.substeps
        """Time of a control step (s)."""
        self.standing_height, self.standing_joints = float(self.model.key_qpos[0, 2]), self.model.key_qpos[0, 7:].copy()
        """The task's default pose: height of the root (m), and joints (rad)."""
        self.soft_limits = _soft_limits(self.model.jnt_range[1:], task.soft_limit_factor)
        """By joint: lowest and highest position that the task allows without a penalty (rad)."""
        self.torque_limits = self.model.actuator_forcerange[:, 1].copy()
        """By motor (N·m)."""
        self.speed_limits = np.array(task.speed_limits)
        """By joint (rad/s)."""
        motors = [self.model.actuator(number).name for number in range(self.model.nu)]
        self._motors = [[i for i, name in enumerate(motors) if f"{joint}_joint" in name] for joint in SAGITTAL]
        self._motor_of_joint = [motors.index(self.model.joint(number).name) for number in range(1, self.model.njnt)]
        self._rolls = [i for i, name in enumerate(motors) if "ankle_roll_joint" in name]
        geoms = [self.model.geom(number).name for number in range(self.model.ngeom)]
        self._is_robot = np.array([name.startswith(PREFIX) for name in geoms])
        self._is_foot = np.array(["_foot" in name for name in geoms])
        self._feet = [self.model.body(f"{PREFIX}{side}_ankle_roll_link").id for side in ("left", "right")]
        self._root = self.model.body(f"{PREFIX}pelvis").id
        self.reset()

    def reset(self) -> None:
        """Put the robot into its default pose, with its feet on the ground."""
        mujoco.mj_resetDataKeyframe(self.model, self.data, 0)
        self.data.qpos[2] = _ON_THE_GROUND
        self.turn = 0.0
        """Pitch since the reset, with whole turns (rad)."""
        mujoco.mj_forward(self.model, self.data)
        mujoco.mj_subtreeVel(self.model, self.data)

    def step(self, targets: Floats, roll: float = 0.0) -> None:
        """Hold targets [6] of the sagittal joints and of the ankles' roll (rad) for one control step."""
        for motors, target in zip(self._motors, targets, strict=True):
            self.data.ctrl[motors] = target
        self.data.ctrl[self._rolls] = roll
        mujoco.mj_step(self.model, self.data, nstep=self.substeps)
        mujoco.mj_subtreeVel(self.model, self.data)
        w, _, y, _ = self.data.qpos[3:7]
        self.turn += math.remainder(2.0 * math.atan2(y, w) - self.turn, 2.0 * math.pi)

    def targets(self) -> Floats:
        """Return the target that each joint's motor has now [joints] (rad)."""
        targets: Floats = self.data.ctrl[self._motor_of_joint]
        return targets

    def balance(self) -> tuple[Floats, Floats]:
        """Return how far the centre of mass is ahead and left of the feet [2] (m), and its velocity [2] (m/s)."""
        feet = self.data.xpos[self._feet, :2].mean(0) + np.array([_FOOT_MIDDLE, 0.0])
        return self.centre_of_mass()[:2] - feet, self.data.subtree_linvel[self._root][:2].copy()

    def centre_of_mass(self) -> Floats:
        """Return the robot's centre of mass [3] (m)."""
        centre: Floats = self.data.subtree_com[self._root].copy()
        return centre

    def contacts(self) -> tuple[bool, bool, bool]:
        """Return whether feet touch the ground, other parts touch it, and the robot touches itself."""
        pairs = self.data.contact.geom[: self.data.ncon]
        of_robot, of_foot = self._is_robot[pairs], self._is_foot[pairs]
        on_ground = ~of_robot.all(-1)
        feet = on_ground & of_foot.any(-1)
        return bool(feet.any()), bool((on_ground & ~feet).any()), bool((~on_ground).any())

    def sunk(self) -> float:
        """Return how deep the robot is in the ground (m)."""
        contacts = self.data.contact
        on_ground = ~self._is_robot[contacts.geom[: self.data.ncon]].all(-1)
        return float(max(-contacts.dist[: self.data.ncon][on_ground], default=0.0))


def _soft_limits(limits: Floats, factor: float) -> Floats:
    middle, half = limits.mean(-1, keepdims=True), 0.5 * np.ptp(limits, axis=-1, keepdims=True)
    soft: Floats = middle + factor * half * np.array([-1.0, 1.0])
    return soft
