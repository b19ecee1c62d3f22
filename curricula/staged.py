"""Stages: sets of knob values; each is entered when a metric passes the threshold of the stage before."""

from __future__ import annotations

from typing import ClassVar, Literal

from curricula.curriculum import Limit
from curricula.ladder import Ladder, LadderTable, check_reachable
from curricula.values import KnobValues, Value, When

THRESHOLDS = (0.5, 0.7, 0.9)


class StagedTable(LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="staged"):
    """Stages that only rise by themselves."""

    stages: tuple[dict[str, Value], ...]
    """Knob values: of every knob in the first stage, of changed ones in later stages."""
    thresholds: tuple[float, ...] = THRESHOLDS
    """Stage n ends when the metric passes `thresholds[n]`."""
    reach: Literal["above", "below"] = "above"
    """The side on which a threshold is passed; `below` suits an error."""
    when: When = "on reset"


class StagedCurriculum(Ladder):
    """Owns the knobs of its stages."""

    kind: ClassVar[str] = "staged"

    def __init__(self, name: str, table: StagedTable) -> None:
        """Raise `ValueError` if stages and thresholds contradict each other."""
        if not table.stages or not table.stages[0]:
            raise ValueError("stages: expected at least one, of which the first sets a knob")
        needed = len(table.stages) - 1
        if needed > len(table.thresholds):
            raise ValueError(
                f"thresholds: expected {needed} for {len(table.stages)} stages, got {len(table.thresholds)}"
            )
        levels: list[KnobValues] = []
        for number, stage in enumerate(table.stages):
            levels.append((levels[-1] if levels else {}) | stage)
            if unknown := sorted(set(stage) - set(table.stages[0])):
                raise ValueError(f"stage {number} sets {unknown[0]}: set it in the first stage too")
        used = table.thresholds[: len(levels) - 1]
        for number, threshold in enumerate(used if table.reach == "above" else ()):
            check_reachable(table.metric, f"threshold {number}", threshold)
        limits = {f"threshold_{number}": Limit(value) for number, value in enumerate(used)}
        super().__init__(name, table, levels, limits, when=table.when)
        self.falls = table.reach == "below"

    def goes_up_at(self) -> float | None:
        return self.limits[f"threshold_{self.level}"].value if self.level < self.top else None

    def level_text(self, level: int) -> str:
        return f"stage {level + 1} of {self.top + 1}"
