"""Records the trajectory of a robot in MuJoCo, one row a control step."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer_proc.contract.bundle.gate import FALL_HEIGHT, LEAST_UPRIGHTNESS
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.robot import Floats
from trainer_proc.verification.trajectory import Trajectory

_Row = tuple[Any, ...]


class Recorder:
    """Records one episode; made when the robot stands at its start."""

    def __init__(self, robot: MujocoRobot, base: str, step_s: float, planned_steps: int) -> None:
        """Record `base`, the base's body; empty for the first body of the model."""
        self._robot, self._step_s, self._planned = robot, step_s, planned_steps
        self._body = robot.data.body(base or 1)
        self._start = robot.base_position
        self._rows: list[_Row] = []

    def uprightness(self) -> float:
        """Return the cosine of the base's tilt; -1 if it is not finite, which is no upright robot."""
        cosine = float(self._body.xmat[8])
        return cosine if np.isfinite(cosine) else -1.0

    def has_fallen(self) -> bool:
        """Return whether the robot has fallen, or its simulation has diverged."""
        is_upright = self.uprightness() >= LEAST_UPRIGHTNESS and self.height_share() >= FALL_HEIGHT
        return self._robot.has_diverged() or not is_upright

    def height_share(self) -> float:
        """Return the base's height as a share of that at the start; 1 for a robot that is fixed to the world."""
        if not self._robot.is_free:
            return 1.0
        return float(self._robot.base_position[2] / self._start[2])

    def record(self, action: Floats) -> None:
        """Add the state after a step, and the action of it."""
        robot = self._robot
        state = robot.read()
        rotation = self._body.xmat.reshape(3, 3)
        velocity = robot.data.qvel[:6] if robot.is_free else np.zeros(6)
        ahead, left, _ = rotation.T @ velocity[:3]
        self._rows.append(
            (
                np.array([ahead, left, velocity[5]]),
                robot.base_position,
                rotation[2, 2],
                action.copy(),
                state.joint_positions,
                state.joint_velocities,
                state.joint_efforts,
            )
        )

    def trajectory(self, survived: bool) -> Trajectory:
        """Return what was recorded."""
        columns = [np.array(column, dtype=np.float64) for column in zip(*self._rows, strict=True)]
        velocities, positions, uprightness, actions, joint_positions, joint_velocities, efforts = (
            columns or self._nothing()
        )
        return Trajectory(
            step_s=self._step_s,
            planned_steps=self._planned,
            survived=survived,
            velocities=velocities,
            positions=positions,
            uprightness=uprightness,
            actions=actions,
            joint_positions=joint_positions,
            joint_velocities=joint_velocities,
            efforts=efforts,
            start_position=self._start,
        )

    def _nothing(self) -> list[Floats]:
        """Return the columns of a robot that fell in its first step."""
        joints = len(self._robot.joint_names)
        return [np.zeros((0, size)) for size in (3, 3)] + [np.zeros(0)] + [np.zeros((0, joints))] * 4
