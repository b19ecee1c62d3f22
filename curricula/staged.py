"""Stages: sets of knob values, each reached when a metric has passed the threshold of the one before."""

from __future__ import annotations

from typing import ClassVar, Literal

from curricula.curriculum import Limit
from curricula.ladder import Ladder, LadderTable, check_reachable
from curricula.values import KnobValues, Value, When

THRESHOLDS = (0.5, 0.7, 0.9)


class StagedTable(LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="staged"):
    """`stages` hold knob values; the first must name every knob, a later one only those that it changes.

    Stage n is left upwards when the metric is above `thresholds[n]`, or below it if `reach` says so, as for an error;
    never downwards by itself.
    """

    stages: tuple[dict[str, Value], ...]
    thresholds: tuple[float, ...] = THRESHOLDS
    reach: Literal["above", "below"] = "above"
    when: When = "on reset"


class StagedCurriculum(Ladder):
    """Owns the knobs of its stages."""

    kind: ClassVar[str] = "staged"

    def __init__(self, name: str, table: StagedTable) -> None:
        """Raise `ValueError` if stages and thresholds don't fit together."""
        if not table.stages or not table.stages[0]:
            raise ValueError("there must be at least one stage, and the first must set a knob")
        if len(table.stages) - 1 > len(table.thresholds):
            raise ValueError(f"{len(table.stages)} stages need {len(table.stages) - 1} thresholds")
        levels: list[KnobValues] = []
        for number, stage in enumerate(table.stages):
            levels.append((levels[-1] if levels else {}) | stage)
            if unknown := sorted(set(stage) - set(table.stages[0])):
                raise ValueError(
                    f"stage {number} sets {unknown[0]}, which the first stage doesn't: say where it begins"
                )
        used = table.thresholds[: len(levels) - 1]
        for number, threshold in enumerate(used if table.reach == "above" else ()):
            check_reachable(table.metric, f"threshold {number}", threshold)
        limits = {f"threshold_{number}": Limit(value) for number, value in enumerate(used)}
        super().__init__(name, table, levels, limits, table.when)
        self.falls = table.reach == "below"

    def goes_up_at(self) -> float | None:
        """Return this stage's threshold."""
        return self.limits[f"threshold_{self.level}"].value if self.level < self.top else None

    def level_text(self, level: int) -> str:
        """Return which stage it is."""
        return f"stage {level + 1} of {self.top + 1}"
