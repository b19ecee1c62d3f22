"""Velocity levels: commanded speeds grow with success, from a slow walk to a fast run.

A curriculum may own all three parts of the command or some of them, so that each part can have a level of its own.

Success-driven command ranges, as in "Rapid Locomotion via Reinforcement Learning" (Margolis et al., 2022,
arXiv:2205.02824) and legged_gym's command curriculum, with named levels. mjlab's own `mdp.commands_vel`
widens by step count.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import msgspec

from curricula.curriculum import SUCCESS_RATE
from curricula.ladder import Ladder, LadderTable, up_and_down
from curricula.values import KnobValues, numbers_problem

Range = tuple[float, float]
Part = Literal["forward", "lateral", "yaw"]
PARTS: tuple[Part, ...] = get_args(Part)
_AXES: dict[Part, str] = {"forward": "lin_vel_x", "lateral": "lin_vel_y", "yaw": "ang_vel_z"}
_UNITS: dict[Part, str] = {"forward": "m/s", "lateral": "m/s", "yaw": "rad/s"}

FORWARD: tuple[Range, ...] = ((0.0, 0.5), (0.0, 1.0), (0.0, 1.5), (0.0, 2.0), (0.0, 3.0), (0.0, 4.0))
"""m/s."""
LATERAL: tuple[Range, ...] = ((-0.2, 0.2), (-0.3, 0.3), (-0.4, 0.4), (-0.5, 0.5), (-0.4, 0.4), (-0.3, 0.3))
"""m/s; narrower at running speeds."""
YAW: tuple[Range, ...] = ((-0.3, 0.3), (-0.5, 0.5), (-0.7, 0.7), (-0.8, 0.8), (-0.8, 0.8), (-0.8, 0.8))
"""rad/s."""
GAITS = ("slow walk", "walk", "fast walk", "jog", "run", "fast run")


class VelocityTable(
    LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="velocity"
):
    """Ranges of the velocity command `command` by level: m/s forward and lateral, rad/s yaw.

    There are as many levels as the first of `parts` has ranges; shorter lists repeat their last range. `up` and `down`
    are success rates.
    """

    command: str = "twist"
    parts: tuple[Part, ...] = PARTS
    """Parts of the command that it sets; the others are left to other curricula, or to the task."""
    metric: str = ""
    """Empty for the success rate: with a single part, that of the part."""
    forward: tuple[Range, ...] = FORWARD
    lateral: tuple[Range, ...] = LATERAL
    yaw: tuple[Range, ...] = YAW
    up: float = 0.8
    down: float = 0.5


class VelocityCurriculum(Ladder):
    """Owns `command/<command>/lin_vel_x`, `lin_vel_y` and `ang_vel_z`, or those of its parts."""

    kind: ClassVar[str] = "velocity"

    def __init__(self, name: str, table: VelocityTable) -> None:
        """Raise `ValueError` if a part or range is missing, a part is twice there, or a range's high end is first."""
        parts = table.parts
        if not parts or len(set(parts)) < len(parts):
            given = ", ".join(parts) or "none"
            raise ValueError(f"parts: expected one or several of {', '.join(PARTS)}, each once, got {given}")
        by_part: dict[Part, tuple[Range, ...]] = {
            "forward": table.forward,
            "lateral": table.lateral,
            "yaw": table.yaw,
        }
        for part, ranges in by_part.items():
            if not ranges:
                raise ValueError(f"{part}: expected at least one range, got none")
            for ends in ranges:
                if problem := numbers_problem(part, ends):
                    raise ValueError(problem)
        leading = by_part[parts[0]]
        levels: list[KnobValues] = [
            {
                f"command/{table.command}/{_AXES[part]}": by_part[part][min(level, len(by_part[part]) - 1)]
                for part in parts
            }
            for level in range(len(leading))
        ]
        if not table.metric:
            table = msgspec.structs.replace(table, metric=success_of(parts))
        super().__init__(name, table, levels, up_and_down(table, table.up, table.down))
        self._leading = parts[0]
        self._ranges = leading

    def level_text(self, level: int) -> str:
        low, high = self._ranges[level]
        if self._leading == "forward":
            what = f"{GAITS[level]}, " if self._ranges == FORWARD else ""
        else:
            what = f"{self._leading} "
        return f"{what}{low:g} to {high:g} {_UNITS[self._leading]}"


def success_of(parts: tuple[Part, ...]) -> str:
    """Return the success rate by which a curriculum of these parts decides unless its table names a metric."""
    return f"Success/part/{parts[0]}" if len(parts) == 1 else SUCCESS_RATE
