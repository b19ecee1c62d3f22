"""Means of an evaluation's measures, over all cells and in each."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trainer_proc.contract.evaluation import Cell, Evaluation, Measure, values_of
from trainer_proc.contract.statistics import Estimate, estimate
from tui.session.evaluations.figures import Row, Scale, scale_of

_OPEN_ENDED = ("reward", "cost_of_transport")
"""Measures without a unit that are no shares, even where all values are below 1."""


def mean_of(cells: Iterable[Cell], measure: str) -> float | None:
    """Return the mean over episodes; None without a value."""
    values = values_of(cells, measure)
    return sum(values) / len(values) if values else None


def measured(evaluation: Evaluation) -> tuple[Measure, ...]:
    """Return the measures that have a value in any episode, in their order."""
    return tuple(measure for measure in evaluation.measures if values_of(evaluation.cells, measure.name))


def is_share(evaluation: Evaluation, measure: Measure) -> bool:
    """Return whether a measure is a share or a score, 0 to 1: without a unit, and never outside."""
    values = values_of(evaluation.cells, measure.name)
    return not measure.unit and measure.name not in _OPEN_ENDED and all(0 <= value <= 1 for value in values)


def estimate_of(evaluation: Evaluation, measure: Measure, cells: Iterable[Cell] | None = None) -> Estimate | None:
    """Return the mean of a measure over the episodes of some cells, by default all, with its 95 % interval."""
    values = values_of(evaluation.cells if cells is None else cells, measure.name)
    return estimate(values, is_share=is_share(evaluation, measure))


def title_of(measure: str) -> str:
    """Return a measure's name as words: `recovery time` of `recovery_time`."""
    return measure.replace("_", " ")


def titled(measure: Measure, unit: str) -> str:
    """Return a measure's name with its unit: `success, %`, `recovery time, s`."""
    return f"{title_of(measure.name)}, {unit}" if unit else title_of(measure.name)


def scale_for(evaluation: Evaluation, measure: Measure, values: Iterable[float | None]) -> Scale:
    """Return the scale of these values of a measure."""
    return scale_of(values, unit=measure.unit, better=measure.better, is_share=is_share(evaluation, measure))


def row_of(label: str, found: Estimate | None, note: str = "", policy: int = 0) -> Row:
    """Return the row of an estimate; without an interval if it has none."""
    if found is None or math.isnan(found.low):
        return Row(label, None if found is None else found.value, note=note, policy=policy)
    return Row(label, found.value, found.low, found.high, note=note, policy=policy)
