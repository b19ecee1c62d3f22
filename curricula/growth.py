"""Randomization growth: ranges widen step by step while the policy copes.

The idea of automatic domain randomization ("Solving Rubik's Cube with a Robot Hand", OpenAI et al., 2019,
arXiv:1910.07113), with one level for all ranges instead of one for each boundary.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from curricula.ladder import AtLeastOne, Ladder, LadderTable, up_and_down
from curricula.values import KnobValues, Value

Number = float | tuple[float, float]


class Growing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number or a range that goes from one value to another, the cap."""

    start: Number = msgspec.field(name="from")
    end: Number = msgspec.field(name="to")

    def at(self, share: float) -> Value:
        """Return the value `share` (0 to 1) of the way."""
        if isinstance(self.start, tuple) and isinstance(self.end, tuple):
            low, high = (_between(a, b, share) for a, b in zip(self.start, self.end, strict=True))
            return low, high
        return _between(self.start, self.end, share)  # type: ignore[arg-type]


class GrowthTable(LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="growth"):
    """`ranges` by knob go from their beginning to their cap in `steps` equal steps.

    A step is taken when the metric is above `up`, and taken back when it is below `down`, if that is given.
    """

    ranges: dict[str, Growing]
    steps: AtLeastOne = 10
    up: float = 0.8
    down: float | None = None
    when: Literal["on reset", "now"] = "on reset"


class GrowthCurriculum(Ladder):
    """Owns the knobs of its ranges."""

    kind: ClassVar[str] = "growth"

    def __init__(self, name: str, table: GrowthTable) -> None:
        """Raise `ValueError` if there is nothing to widen, or a number where there must be a range."""
        if not table.ranges:
            raise ValueError("there must be at least one range")
        for knob, growing in table.ranges.items():
            if isinstance(growing.start, tuple) != isinstance(growing.end, tuple):
                raise ValueError(f"{knob} must go from a range to a range, or from a number to a number")
        levels: list[KnobValues] = [
            {knob: growing.at(step / table.steps) for knob, growing in table.ranges.items()}
            for step in range(table.steps + 1)
        ]
        super().__init__(name, table, levels, up_and_down(table.up, table.down), table.when)

    def level_text(self, level: int) -> str:
        """Return how much of the way is done."""
        return f"{level / self.top:.0%} of the full ranges"


def _between(start: float, end: float, share: float) -> float:
    value = start * (1 - share) + end * share
    return round(min(max(value, min(start, end)), max(start, end)), 9)  # as a person would write it
