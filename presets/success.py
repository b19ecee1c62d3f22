"""What counts as a successful episode: a preset's `[success]` table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from curricula.schema import convert

SuccessKind = Literal["time-out", "velocity", "upright", "environment"]
_Positive = Annotated[float, msgspec.Meta(gt=0)]


class Success(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The definition of success, and the window over which its rate is taken.

    `time-out`: the episode was ended by time-out. `velocity`: that, and the episode's mean tracking error of the
    velocity command `command` (the task's only one, if it isn't named) was below `linear_error` (m/s) and
    `angular_error` (rad/s). `upright`: that, and the robot's root stayed within `box` (m, to each side of where the
    episode began, x and y) and within `tilt` (rad) of upright. `environment`: the environment's own success, that of a
    command with `episode_success` when the episode ended, or what the environment reports of it. `window` is a number
    of episodes.
    """

    kind: SuccessKind = "time-out"
    window: Annotated[int, msgspec.Meta(ge=1)] = 100
    command: str = ""
    linear_error: _Positive = 0.25
    angular_error: _Positive = 0.25
    box: tuple[_Positive, _Positive] = (0.5, 0.5)
    tilt: _Positive = 0.5


def read_success(table: dict[str, Any]) -> Success:
    """Return the definition in a table; an empty one is `time-out`. Raises `SchemaProblem`."""
    return convert(table, Success)
