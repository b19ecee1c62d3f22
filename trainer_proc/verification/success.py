"""Success of an episode, by the training's own definition (`trainer_proc.metrics.success`), without torch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from presets.success import Success
from trainer_proc.contract.bundle.gate import TRACKING_LIMITS
from trainer_proc.contract.bundle.verification import ERRORS, SUCCESS, SURVIVED, TRACKING_ERRORS
from trainer_proc.verification.trajectory import Floats, Trajectory

Judge = Callable[[Trajectory, tuple[float, float, float] | None], dict[str, float | None]]
"""Returns success, and errors if there is a command: forward, lateral velocity (m/s), yaw rate (rad/s)."""

_LARGEST_ERROR = 1e6
"""Replaces non-finite errors."""


def judge_of(definition: Success) -> Judge | None:
    """Return how episodes are judged; None for a success that only the training's environment knows."""
    match definition.kind:
        case "velocity":
            return lambda trajectory, command: _velocity(definition, trajectory, command or (0.0, 0.0, 0.0))
        case "upright":
            return lambda trajectory, command: _upright(definition, trajectory, command)
        case "time-out":
            return lambda trajectory, _: _survival(trajectory, True)
        case _:
            return None


def judge_tracking(
    trajectory: Trajectory, command: tuple[float, float, float] | None = None
) -> dict[str, float | None]:
    """Judge an episode that tracks a motion: it isn't lost, and the mean errors are within their limits."""
    if trajectory.tracking is None or not len(trajectory.tracking):
        return _survival(trajectory, False) | dict.fromkeys(TRACKING_ERRORS)
    errors = trajectory.tracking.mean(0).tolist()
    limits = (trajectory.joint_limit, TRACKING_LIMITS[1])
    follows = all(error < limit for error, limit in zip(errors, limits, strict=True))
    return _survival(trajectory, follows) | dict(zip(TRACKING_ERRORS, errors, strict=True))


def _velocity(
    definition: Success, trajectory: Trajectory, command: tuple[float, float, float]
) -> dict[str, float | None]:
    """Judge as `trainer_proc.metrics.success.velocity`: mean error of velocities averaged over a gait cycle."""
    if not trajectory.steps:
        return _survival(trajectory, False) | dict.fromkeys(ERRORS)
    errors = averaged_errors(trajectory.velocities - np.array(command), _window(definition, trajectory.step_s)).mean(0)
    limits = (definition.linear_error, definition.linear_error, definition.angular_error)
    follows = all(error < limit for error, limit in zip(errors, limits, strict=True))
    return _survival(trajectory, follows) | dict(zip(ERRORS, errors.tolist(), strict=True))


def _upright(
    definition: Success, trajectory: Trajectory, command: tuple[float, float, float] | None
) -> dict[str, float | None]:
    """Judge as the training's rule; a robot that is commanded to move can't stay, so it must follow its command."""
    if command is None:
        return _survival(trajectory, _stays(definition, trajectory))
    following = _velocity(definition, trajectory, command)
    return following if any(command) else following | _survival(trajectory, _stays(definition, trajectory))


def averaged_errors(differences: Floats, window: int) -> Floats:
    """Return the magnitude of the mean over the newest `window` rows, at each row; of fewer rows at the start.

    `differences` are velocity minus command, of shape [T, 3].
    """
    finite = np.nan_to_num(differences, nan=_LARGEST_ERROR, posinf=_LARGEST_ERROR, neginf=-_LARGEST_ERROR)
    sums = np.concatenate([np.zeros((1, finite.shape[1])), finite.clip(-_LARGEST_ERROR, _LARGEST_ERROR).cumsum(0)])
    ends = np.arange(1, len(finite) + 1)
    counts = np.minimum(ends, window)
    means: Floats = np.abs((sums[ends] - sums[ends - counts]) / counts[:, None])
    return means


def _window(definition: Success, step_s: float) -> int:
    return max(round(definition.average / step_s), 1)


def _stays(definition: Success, trajectory: Trajectory) -> bool:
    """Return whether the base stayed within its box and its tilt; false for NaN."""
    moved = np.abs(trajectory.positions[:, :2] - trajectory.start_position[:2])
    is_inside = (moved <= np.array(definition.box)).all()
    is_upright = (trajectory.uprightness >= math.cos(min(definition.tilt, math.pi))).all()
    return bool(is_inside and is_upright)


def _survival(trajectory: Trajectory, is_good: bool) -> dict[str, float | None]:
    return {SUCCESS: float(trajectory.survived and is_good), SURVIVED: float(trajectory.survived)}
