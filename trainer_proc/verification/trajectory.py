"""What is recorded of an episode, and the means of it that every episode has.

Shapes: T recorded control steps, J actuated joints, A actions. As in a training, the state after the last step isn't
recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.bundle.gate import TRACKING_LIMITS
from trainer_proc.contract.bundle.verification import VELOCITIES
from trainer_proc.contract.evaluation import NEAR_LIMIT

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
    """An episode, one row a control step: the state after it."""

    step_s: float
    """Length of a control step (s)."""
    planned_steps: int
    """Control steps of a whole episode, at least 2."""
    survived: bool
    """Whether it ended without a fall."""
    velocities: Floats
    """[T, 3] forward and lateral velocity (m/s), yaw rate (rad/s) of the base in its own axes."""
    positions: Floats
    """[T, 3] of the base in the world (m)."""
    uprightness: Floats
    """[T] cosine of the angle between the base's z axis and the world's."""
    actions: Floats
    """[T, A] of the policy, before scale and offset."""
    joint_positions: Floats
    """[T, J] rad."""
    joint_velocities: Floats
    """[T, J] rad/s."""
    efforts: Floats
    """[T, J] N·m."""
    start_position: Floats
    """[3] of the base, before the first step (m)."""
    tracking: Floats | None = None
    """[T, 2] errors of joints and anchor (rad), see `verification.TRACKING_ERRORS`; None without a motion."""
    joint_limit: float = TRACKING_LIMITS[0]
    """Largest mean error of the joints in a success (rad), see `tracking.joint_limit`."""

    @property
    def steps(self) -> int:
        """T."""
        return len(self.velocities)


@dataclass(frozen=True)
class JointEnds:
    """Limits of the actuated joints; infinite where there are none."""

    positions: Floats
    """[J, 2] rad."""
    efforts: Floats
    """[J, 2] N·m."""


def reached_velocity(trajectory: Trajectory) -> dict[str, float | None]:
    """Return the mean velocity in the second half of a whole episode; None for a robot that fell before."""
    half = trajectory.velocities[trajectory.planned_steps // 2 :]
    means = half.mean(0).tolist() if len(half) else [None, None, None]
    return dict(zip(VELOCITIES, means, strict=True))


def wear(trajectory: Trajectory, ends: JointEnds) -> dict[str, float | None]:
    """Return what the motion costs the robot, as `evaluation.wear` defines it; None where an episode is too short."""
    velocities, dt = trajectory.joint_velocities, trajectory.step_s
    jerk = (velocities[2:] - 2.0 * velocities[1:-1] + velocities[:-2]) / dt**2
    return {
        "torque_saturation": _saturation(trajectory.efforts, ends.efforts),
        "joint_limits": _at_ends(trajectory.joint_positions, ends.positions),
        "action_rate": _root_mean_square(np.diff(trajectory.actions, axis=0) / dt),
        "jerk": _root_mean_square(jerk),
    }


def _root_mean_square(values: Floats) -> float | None:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else None


def _at_ends(positions: Floats, ends: Floats) -> float | None:
    """Return the share of steps in which any joint is near an end of its range."""
    low, high = ends.T
    with np.errstate(invalid="ignore"):
        margin = NEAR_LIMIT * (high - low)
        beyond = (positions < low + margin) | (positions > high - margin)  # NaN without limits: never
    return float(beyond.any(-1).mean()) if len(positions) else None


def _saturation(efforts: Floats, ends: Floats) -> float | None:
    """Return the share of steps and of limited joints with a torque near its limit; None without limited joints."""
    weakest, strongest = (1.0 - NEAR_LIMIT) * ends.T
    limited = np.isfinite(strongest) & (strongest > 0.0)
    saturated = (efforts <= weakest) | (efforts >= strongest)
    return float(saturated[:, limited].mean()) if limited.any() and len(efforts) else None
