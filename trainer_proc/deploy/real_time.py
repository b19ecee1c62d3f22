"""A robot in MuJoCo that moves in real time: a read brings it up to the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.robot import JointTargets, RobotState

_LONGEST_STEP = 0.1
"""Seconds that are simulated at once: after a longer pause of the process, the simulation has lost time."""


class RealTimeRobot:
    """A `RobotInterface` of a `MujocoRobot`, whose states have the clock's time."""

    def __init__(self, robot: MujocoRobot, clock: Callable[[], float] = time.monotonic) -> None:
        self.robot = robot
        self.joint_names: Sequence[str] = robot.joint_names
        self.frames: Mapping[str, Sequence[str]] = robot.frames
        self.has_height_scan, self.has_position = robot.has_height_scan, robot.has_position
        self._clock = clock
        self._now = clock()
        self.is_held = False
        """Whether the base hangs where it is, as a robot in its frame before the policy acts."""

    def read(self) -> RobotState:
        """Simulate up to now, in whole physics steps, and return the state."""
        now = self._clock()
        step = float(self.robot.model.opt.timestep)
        if now - self._now > _LONGEST_STEP:
            self._now = now - _LONGEST_STEP
        steps = int((now - self._now) / step + 1e-6)
        if steps:
            self._advance(steps)
            self._now += steps * step
        state = self.robot.read()
        state.time = now
        return state

    def _advance(self, steps: int) -> None:
        robot = self.robot
        if not (self.is_held and robot.is_free):
            robot.advance(steps)
            return
        place = robot.data.qpos[:7].copy()
        for _ in range(steps):
            robot.advance(1)
            robot.data.qpos[:7] = place
            robot.data.qvel[:6] = 0.0

    def write(self, targets: JointTargets) -> None:
        self.robot.write(targets)

    def damp(self) -> None:
        self.robot.damp()

    def close(self) -> None:
        self.robot.close()
