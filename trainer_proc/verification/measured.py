"""Everything that is measured of an episode, whichever simulator played it."""

from __future__ import annotations

import math

from trainer_proc.verification.success import Judge
from trainer_proc.verification.trajectory import JointEnds, Trajectory, reached_velocity, wear


def measured(
    trajectory: Trajectory, velocity: tuple[float, float, float] | None, judge: Judge, ends: JointEnds
) -> dict[str, float | None]:
    """Return the values of an episode by measure (`verification.MEASURES`); None where one isn't finite.

    `velocity` is what was commanded: forward, lateral (m/s), yaw rate (rad/s); None without a velocity command.
    """
    values = judge(trajectory, velocity)
    if velocity is not None:
        values |= reached_velocity(trajectory)
    values |= wear(trajectory, ends)
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}
