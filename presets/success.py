"""The definition of a successful episode: a preset's `[success]` table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from curricula.schema import SchemaError, convert
from curricula.values import numbers_problem

SuccessKind = Literal["time-out", "velocity", "upright", "joints", "environment"]
_Positive = Annotated[float, msgspec.Meta(gt=0)]


class Success(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The definition of success, and the window of its rate."""

    kind: SuccessKind = "time-out"
    """The condition of a successful episode.

    `time-out`: it ended by time-out. `velocity`: also its mean tracking error was small. `upright`: also the robot's
    root stayed in place and upright. `joints`: also joints were within limits at its end. `environment`: the
    environment's own success, from a command's `episode_success` when the episode ended, or from its report.
    """
    window: Annotated[int, msgspec.Meta(ge=1)] = 100
    """Episodes over which the rate is measured."""
    noise_free: Annotated[float, msgspec.Meta(ge=0, le=0.25)] = 0.03
    """Share of the environments that act without exploration noise, and on which alone success is measured.

    At least 4 environments and at most a quarter. PPO does not learn from them. 0 measures all, with noise.
    """
    time_out: bool = False
    """Of `environment`, for a command that reports success: the episode must also end by time-out, without a fall."""
    command: str = ""
    """Of `velocity`: the velocity command; empty for the task's only one."""
    linear_error: _Positive = 0.25
    """Of `velocity`: largest mean error of the forward and of the lateral velocity (m/s)."""
    angular_error: _Positive = 0.25
    """Of `velocity`: largest mean error of the yaw rate (rad/s)."""
    average: _Positive = 0.5
    """Of `velocity`: time over which velocity and command are averaged before they are compared (s); a gait cycle."""
    box: tuple[_Positive, _Positive] = (0.5, 0.5)
    """Of `upright`: largest distance (m) from where the episode began, in x and in y."""
    tilt: _Positive = 0.5
    """Of `upright`: largest angle (rad) from upright."""

    positions: dict[str, tuple[float, float]] = {}
    """Of `joints`: lowest and highest position by joint (m, or rad)."""
    angles: dict[str, tuple[float, float]] = {}
    """Of `joints`: lowest and highest angle by joint (rad), modulo a full turn."""
    last: _Positive = 5.0
    """Of `joints`: time at the end of the episode in which all joints must be within their limits (s).

    Of a shorter episode, all of it.
    """


def read_success(table: dict[str, Any]) -> Success:
    """Return the definition in a table; an empty one is `time-out`. Raises `SchemaError`."""
    success = convert(table, Success, path="success")
    limits = success.positions | success.angles
    if success.kind == "joints" and not limits:
        raise SchemaError("success: kind joints needs limits in `positions` or `angles`, got none")
    for joint, ends in limits.items():
        if joint in success.positions and joint in success.angles:
            raise SchemaError(f"success: {joint} is in `positions` and in `angles`: remove one")
        if problem := numbers_problem(f"success: {joint}", ends):
            raise SchemaError(problem)
    return success
