"""Randomization growth: ranges widen step by step while the policy succeeds.

Automatic domain randomization ("Solving Rubik's Cube with a Robot Hand", OpenAI et al., 2019, arXiv:1910.07113), with
one level for all ranges.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from curricula.ladder import MOST_LEVELS, Ladder, LadderTable, up_and_down
from curricula.values import KnobValues, When, between, numbers_problem

Number = float | tuple[float, float]


class Growing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first and the last value of a number or a range."""

    start: Number = msgspec.field(name="from")
    end: Number = msgspec.field(name="to")


class GrowthTable(LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="growth"):
    """Knobs in `ranges` go from their first to their last value in `steps` equal steps.

    The level rises when the metric exceeds `up`, and falls when it is below `down`, if that is given.
    """

    ranges: dict[str, Growing]
    steps: Annotated[int, msgspec.Meta(ge=1, le=MOST_LEVELS)] = 10
    up: float = 0.8
    down: float | None = None
    when: When = "on reset"


class GrowthCurriculum(Ladder):
    """Owns the knobs of its ranges."""

    kind: ClassVar[str] = "growth"

    def __init__(self, name: str, table: GrowthTable) -> None:
        """Raise `ValueError` if there are no ranges, or one end is a number and the other a range."""
        if not table.ranges:
            raise ValueError("ranges: expected at least one, got none")
        for knob, growing in table.ranges.items():
            _check_ends(knob, growing)
        levels: list[KnobValues] = [
            {knob: between(growing.start, growing.end, step / table.steps) for knob, growing in table.ranges.items()}
            for step in range(table.steps + 1)
        ]
        super().__init__(name, table, levels, up_and_down(table, table.up, table.down), when=table.when)

    def level_text(self, level: int) -> str:
        """Return the share of the full ranges."""
        return f"{level / self.top:.0%} of the full ranges"


def _check_ends(knob: str, growing: Growing) -> None:
    if isinstance(growing.start, tuple) != isinstance(growing.end, tuple):
        raise ValueError(f"{knob}: expected `from` and `to` of one type, got a number and a range")
    for end in (growing.start, growing.end):
        if problem := numbers_problem(knob, end):
            raise ValueError(problem)
