"""A Unitree robot as a `RobotInterface`: joints by the motors of its messages, whatever carries these.

Joint order is that of `presets.robots`: by motor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from presets.robots import Robot
from trainer_proc.deploy.robot import JointTargets, RobotState
from trainer_proc.deploy.unitree.messages import MOTORS, MessageDamaged, decode_state, encode_command

DAMPING = 3.0
"""N·m·s/rad of all joints in damping."""


class Channel(Protocol):
    """What carries messages to the robot and back. No method waits."""

    def send(self, data: bytes) -> None:
        """Send the bytes of a `LowCmd_`."""

    def receive(self) -> bytes | None:
        """Return the bytes of the newest `LowState_` since the last call; None if none has come."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class UnitreeSensors:
    """What a robot measures. `sites` have axes parallel to those of the IMU's body."""

    robot: Robot
    sites: Sequence[str] = ()
    has_height_scan: bool = False
    has_position: bool = False

    @property
    def frames(self) -> Mapping[str, Sequence[str]]:
        """The IMU's body and the sites, for each vector that the IMU measures."""
        measured = [name for name in ("base_ang_vel", "projected_gravity") if name in self.robot.measures]
        return dict.fromkeys(measured, (self.robot.imu, *self.sites))


class UnitreeRobot:
    """One robot. Nothing is sent before its first state, which tells its kind (`mode_machine`)."""

    def __init__(self, sensors: UnitreeSensors, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        robot = sensors.robot
        self.joint_names: Sequence[str] = tuple(robot.joints)
        self.frames = sensors.frames
        self.has_height_scan, self.has_position = sensors.has_height_scan, sensors.has_position
        self._channel, self._clock = channel, clock
        self._motors = np.array([robot.motors[name] for name in self.joint_names])
        self._commands = np.zeros((MOTORS, 5), np.float32)
        self._enabled = np.zeros(MOTORS, np.bool_)
        self._enabled[self._motors] = True
        self._mode_machine: int | None = None
        self._last: RobotState | None = None
        self.damaged = 0
        """Messages that were left out because their checksum was wrong."""

    def read(self) -> RobotState | None:
        """Return the latest state with the time at which it arrived; None before the first one."""
        data = self._channel.receive()
        if data is None:
            return self._last
        try:
            state = decode_state(data)
        except MessageDamaged:
            self.damaged += 1
            return self._last
        self._mode_machine = state.mode_machine
        motors = state.motors[self._motors].astype(np.float64)
        self._last = RobotState(
            time=self._clock(),
            joint_positions=motors[:, 0],
            joint_velocities=motors[:, 1],
            joint_efforts=motors[:, 3],
            orientation=state.quaternion.astype(np.float64),
            base_ang_vel=state.gyroscope.astype(np.float64),
        )
        return self._last

    def write(self, targets: JointTargets) -> None:
        """Send targets to the motors."""
        columns = (targets.position, targets.velocity, targets.effort, targets.stiffness, targets.damping)
        for place, values in enumerate(columns):
            self._commands[self._motors, place] = values
        self._send()

    def damp(self) -> None:
        """Send no stiffness and `DAMPING` to all motors."""
        self._commands[:] = 0.0
        self._commands[self._motors, 4] = DAMPING
        self._send()

    def close(self) -> None:
        """Damp, and end the connection."""
        self.damp()
        self._channel.close()

    def _send(self) -> None:
        if self._mode_machine is not None:
            self._channel.send(encode_command(self._commands, self._enabled, self._mode_machine))
