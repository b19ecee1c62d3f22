"""What an intervention did: metrics before and after it, over as many iterations on both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curricula.errors import UserError
from trainer_proc.contract.messages import InterventionApplied
from tui.session.impact.edited import edited_metrics
from tui.session.impact.statistics import Difference, Level, difference, difference_from_trend, level
from tui.session.impact.windows import DEFAULT_ITERATIONS, Window, Windows, windows_of
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.names import ROLE_TITLES, Role, own_name, role_of, term_of
from tui.session.metrics.series import Series
from tui.session.state import RunState

_ROLES: tuple[Role, ...] = ("success", "reward", "kl")

Verdict = Literal[
    "rose",
    "fell",
    "rose as before",
    "fell as before",
    "the same",
    "no clear change",
    "too few values",
    "too slow to tell",
    "not published",
]
"""A change whose interval excludes 0: `as before` if the line fitted before leads there as well. Otherwise why not."""


class ImpactError(UserError):
    """There is no such intervention that was applied; the message is one line."""


@dataclass(frozen=True)
class MetricImpact:
    """One metric on both sides of an intervention.

    `change` is how much higher the mean is after it, with a 95 % interval if `interval` isn't None; `percent` is the
    change in parts of a hundred of the mean before. `beyond_trend` is the change against the fitted line before, gone
    on. `values_before` and `values_after` are the finite values, by rising iteration; `not_finite` counts the others.
    `weight_factor` tells that the metric is a sum that the intervention has multiplied by itself: a reward's weight.
    """

    metric: str
    label: str
    before: Level | None
    after: Level | None
    change: float | None
    percent: float | None
    interval: Difference | None
    beyond_trend: Difference | None
    verdict: Verdict
    values_before: tuple[float, ...]
    values_after: tuple[float, ...]
    not_finite: int = 0
    weight_factor: float | None = None


@dataclass(frozen=True)
class Impact:
    """What intervention `number` did, as far as `windows` tell."""

    number: int
    applied: InterventionApplied
    windows: Windows
    metrics: tuple[MetricImpact, ...]


def measurable(state: RunState) -> list[int]:
    """Return the numbers of the interventions that were applied, the oldest first."""
    return sorted(state.interventions)


def impact_of(
    number: int | None, state: RunState, history: MetricHistory, iterations: int = DEFAULT_ITERATIONS
) -> Impact:
    """Return what an intervention did, the newest if `number` is None, over at most `iterations` on each side.

    Raises `ImpactError`.
    """
    known = measurable(state)
    if not known:
        raise ImpactError("nothing has been changed yet")
    if number is None:
        number = known[-1]
    if number not in state.interventions:
        raise ImpactError(_why_unknown(number, state, known))
    applied = state.interventions[number]
    windows = windows_of(applied, state, iterations)
    metrics = [_metric_impact(own_name(role), ROLE_TITLES[role], windows, history) for role in _ROLES]
    seen = {metric.metric for metric in metrics}
    for metric, factor in edited_metrics(applied, state, history.series).items():
        if metric not in seen:
            role = role_of(metric)
            label = ROLE_TITLES[role] if role is not None else term_of(metric)
            metrics.append(_metric_impact(metric, label, windows, history, factor))
    return Impact(number, applied, windows, tuple(metrics))


def _why_unknown(number: int, state: RunState, known: list[int]) -> str:
    if number in state.failed:
        return f"intervention {number} was never applied: {state.failed[number].reason}"
    if number in state.queued:
        return f"intervention {number} waits for the next iteration"
    return f"there is no applied intervention {number}; there are {known[0]} to {known[-1]}"


def _metric_impact(
    metric: str, label: str, windows: Windows, history: MetricHistory, factor: float | None = None
) -> MetricImpact:
    series = history.series.get(metric)
    before, lost_before = _level(series, windows.before)
    after, lost_after = _level(series, windows.after)
    (low_values, low), (high_values, high) = before, after
    change = high.mean - low.mean if low is not None and high is not None else None
    interval = difference(low, high) if low is not None and high is not None else None
    beyond = difference_from_trend(low, high) if low is not None and high is not None else None
    return MetricImpact(
        metric=metric,
        label=label,
        before=low,
        after=high,
        change=change,
        percent=100 * change / abs(low.mean) if change is not None and low is not None and low.mean else None,
        interval=interval,
        beyond_trend=beyond,
        verdict=_verdict(series, low, high, interval, beyond),
        values_before=tuple(low_values.tolist()),
        values_after=tuple(high_values.tolist()),
        not_finite=lost_before + lost_after,
        weight_factor=factor,
    )


def _level(series: Series | None, window: Window | None) -> tuple[tuple[NDArray[np.float64], Level | None], int]:
    """Return the finite values in a window with what they tell, and how many others there are."""
    if series is None or window is None:
        return (np.empty(0), None), 0
    start, stop = series.rows_from(np.array([window.first, window.last + 1]))
    iterations, values = series.xs[start:stop], series.ys[start:stop].astype(np.float64)
    finite = np.isfinite(values)
    iterations, values = iterations[finite], values[finite]
    return (values, level(iterations, values) if len(values) else None), int((~finite).sum())


def _verdict(
    series: Series | None,
    before: Level | None,
    after: Level | None,
    interval: Difference | None,
    beyond: Difference | None,
) -> Verdict:
    if series is None or not series.count:
        return "not published"
    if before is None or after is None:
        return "too few values"
    if interval is None or beyond is None:
        has_few = any(math.isnan(one.error) and not one.independent for one in (before, after))
        return "too few values" if has_few else "too slow to tell"
    if interval.value == 0 and interval.low == interval.high:
        return "the same"
    if not interval.excludes_zero:
        return "no clear change"
    is_as_before = not beyond.excludes_zero or (beyond.value > 0) != (interval.value > 0)
    if interval.value > 0:
        return "rose as before" if is_as_before else "rose"
    return "fell as before" if is_as_before else "fell"
