"""Means of a suite's result by group, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from trainer_proc.contract.bundle.verification import MEASURES, CellResult, GroupResult, Mean, SuiteResult
from trainer_proc.contract.evaluation import Measure
from trainer_proc.contract.statistics import estimate

_SHARES = ("success", "survived", "torque_saturation", "joint_limits")
"""Measures from 0 to 1."""


def summarize(result: SuiteResult) -> Iterator[GroupResult]:
    """Yield the means of each group, in the order of the plan."""
    for group in dict.fromkeys(one.cell.group for one in result.cells):
        cells = [one for one in result.cells if one.cell.group == group]
        means = {measure.name: mean_of(cells, measure) for measure in MEASURES}
        yield GroupResult(
            group=group,
            episodes=sum(one.cell.episodes for one in cells),
            means={name: mean for name, mean in means.items() if mean is not None},
        )


def mean_of(cells: Sequence[CellResult], measure: Measure) -> Mean | None:
    """Return the mean of a measure over all episodes of some cells; None without a value."""
    values = [value for one in cells for value in one.values.get(measure.name, ()) if value is not None]
    found = estimate(values, is_share=measure.name in _SHARES)
    if found is None:
        return None
    return Mean(found.value, _finite(found.low), _finite(found.high), found.count)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
