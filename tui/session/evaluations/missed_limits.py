"""Which limits evaluations miss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from curricula.errors import UsageError
from trainer_proc.contract.evaluation import Evaluation
from tui.session.evaluations.limits import Limit
from tui.session.evaluations.measured import mean_of, measured


def missed_limits(evaluations: Sequence[Evaluation], limits: Iterable[Limit]) -> list[str]:
    """Return which limits are missed, one line each. Raises `UsageError` if no evaluation has a limit's measure."""
    missed = []
    for limit in limits:
        concerned = [one for one in evaluations if any(limit.measure == measure.name for measure in one.measures)]
        if not concerned:
            known = {measure.name: None for one in evaluations for measure in measured(one)}
            raise UsageError(f"no such measure in these suites: {limit.measure}; there are {', '.join(known)}")
        missed += [line for one in concerned if (line := _missed(one, limit))]
    return missed


def _missed(evaluation: Evaluation, limit: Limit) -> str:
    mean = mean_of(evaluation.cells, limit.measure)
    if mean is not None and (
        math.isclose(mean, limit.value) or (mean > limit.value if limit.is_minimum else mean < limit.value)
    ):
        return ""
    least = "at least" if limit.is_minimum else "at most"
    got = "no value" if mean is None else f"{mean:.4g}"
    return (
        f"{evaluation.checkpoint}, {evaluation.suite}: expected {limit.measure} of {least} {limit.value:g}, got {got}"
    )
