"""What the runner needs of a robot: read its state, write its targets, damp it.

Shapes: J joints, in the interface's own order (`joint_names`). Quaternions are (w, x, y, z).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VECTORS = ("base_lin_vel", "base_ang_vel", "projected_gravity")
"""Quantities that have a frame, see `RobotInterface.frames`."""


@dataclass(slots=True)
class RobotState:
    """One reading of the sensors. Arrays are the reader's: the interface does not change them later."""

    time: float
    """When it was measured, seconds of `time.monotonic`; of the simulation in a simulator that runs by itself."""
    joint_positions: Floats
    """[J] rad (m for prismatic joints)."""
    joint_velocities: Floats
    """[J] rad/s (m/s)."""
    joint_efforts: Floats
    """[J] N·m (N)."""
    orientation: Floats
    """[4] from the axes of the base or IMU to the world's; its heading may be arbitrary."""
    base_ang_vel: Floats
    """[3] rad/s in the IMU's axes."""
    base_lin_vel: Floats | None = None
    """[3] m/s in the IMU's axes; None if it can't be measured."""
    height_scan: Floats | None = None
    """[points] height above the ground in metres, see `HeightMap`; None without a sensor."""
    base_position: Floats | None = None
    """[3] metres in the world's axes; None if it can't be measured, see `Sensors.has_position`."""
    problem: str = ""
    """Why the robot can't go on, by its own account, in one line; empty for nothing."""


@dataclass(slots=True)
class JointTargets:
    """Targets of all joints: effort + stiffness · (position − q) + damping · (velocity − dq), within effort limits."""

    position: Floats
    """[J] rad (m)."""
    velocity: Floats
    """[J] rad/s (m/s)."""
    effort: Floats
    """[J] N·m (N)."""
    stiffness: Floats
    """[J] N·m/rad."""
    damping: Floats
    """[J] N·m·s/rad."""

    @classmethod
    def zeros(cls, count: int) -> JointTargets:
        """Return targets that let `count` joints go."""
        return cls(*(np.zeros(count) for _ in range(5)))


class Sensors(Protocol):
    """What a robot measures beside its joints."""

    @property
    def frames(self) -> Mapping[str, Sequence[str]]:
        """Frames in whose axes each of `VECTORS` is measured, by name; several names if their axes are parallel."""

    @property
    def has_height_scan(self) -> bool:
        """Whether states have a `height_scan`."""

    @property
    def has_position(self) -> bool:
        """Whether states have a `base_position`, as those of a simulation."""


class RobotInterface(Sensors, Protocol):
    """A robot. `read`, `write` and `damp` return at once."""

    @property
    def joint_names(self) -> Sequence[str]:
        """Names of all joints, as the policy's description names them."""

    def read(self) -> RobotState | None:
        """Return the latest state; None before the first one."""

    def write(self, targets: JointTargets) -> None:
        """Send targets; they are the caller's, who changes them later."""

    def damp(self) -> None:
        """Let the joints brake: no stiffness, some damping. Works in every state, again and again."""

    def close(self) -> None:
        """Damp, and let the robot go."""
