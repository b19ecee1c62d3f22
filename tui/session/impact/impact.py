"""Impact of a change: metrics before and after it, over equally many iterations."""

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
_NOT_OF_THE_UPDATE = {"Policy/kl": "Policy/kl_before_update"}
"""By metric, the part of it that is no effect of an update and falls in the first iterations by itself."""

Verdict = Literal[
    "rose",
    "fell",
    "rose as before",
    "fell as before",
    "unchanged",
    "no clear change",
    "not enough samples",
    "drift too large",
    "not published",
]
"""`rose` and `fell` where the 95 % interval excludes 0; `as before` if the trend before the change continues."""


class ImpactError(UserError):
    """There is no such applied change."""


@dataclass(frozen=True)
class MetricImpact:
    """One metric before and after a change."""

    metric: str
    label: str
    before: Level | None
    after: Level | None
    change: float | None
    """Mean after minus mean before."""
    percent: float | None
    """`change` in percent of the mean before."""
    interval: Difference | None
    """95 % interval of `change`."""
    beyond_trend: Difference | None
    """Mean after minus the extrapolated trend before."""
    verdict: Verdict
    values_before: tuple[float, ...]
    """Finite values, by rising iteration."""
    values_after: tuple[float, ...]
    not_finite: int = 0
    """Number of non-finite values."""
    without: str = ""
    """Metric that is subtracted from this one; empty if nothing is."""
    weight_factor: float | None = None
    """Factor by which the change itself multiplies the metric, as a reward's weight does."""


@dataclass(frozen=True)
class Impact:
    """Impact of change `number` in `windows`."""

    number: int
    applied: InterventionApplied
    windows: Windows
    metrics: tuple[MetricImpact, ...]


def measurable(state: RunState) -> list[int]:
    """Return the numbers of applied changes, oldest first."""
    return sorted(state.interventions)


def impact_of(
    number: int | None, state: RunState, history: MetricHistory, iterations: int = DEFAULT_ITERATIONS
) -> Impact:
    """Return the impact of a change (None: the newest) over at most `iterations` on each side.

    Raises `ImpactError`.
    """
    known = measurable(state)
    if not known:
        raise ImpactError("no changes yet")
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
        return f"#{number} was never applied: {state.failed[number].reason}"
    if number in state.queued:
        return f"#{number} queued for the next iteration"
    return f"no applied change #{number}; there are #{known[0]} to #{known[-1]}"


def _metric_impact(
    metric: str, label: str, windows: Windows, history: MetricHistory, factor: float | None = None
) -> MetricImpact:
    series = history.series.get(metric)
    without = _NOT_OF_THE_UPDATE.get(metric, "")
    part = history.series.get(without)
    before, lost_before = _level(series, windows.before, part)
    after, lost_after = _level(series, windows.after, part)
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
        without=without if part is not None and bool(part.ys.any()) else "",
        weight_factor=factor,
    )


def window_level(series: Series | None, window: Window) -> Level | None:
    """Return the statistics of the finite values in a window; None without any."""
    return _level(series, window)[0][1]


def _level(
    series: Series | None, window: Window | None, part: Series | None = None
) -> tuple[tuple[NDArray[np.float64], Level | None], int]:
    """Return the finite values in a window without `part`, their statistics, and the number of non-finite values."""
    if series is None or window is None:
        return (np.empty(0), None), 0
    iterations, values = _values(series, window)
    if part is not None:
        places, parts = _values(part, window)
        is_known = np.isin(iterations, places)
        values[is_known] -= parts[np.searchsorted(places, iterations[is_known])]
    finite = np.isfinite(values)
    iterations, values = iterations[finite], values[finite]
    return (values, level(iterations, values) if len(values) else None), int((~finite).sum())


def _values(series: Series, window: Window) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    start, stop = series.rows_from(np.array([window.first, window.last + 1]))
    return series.xs[start:stop], series.ys[start:stop].astype(np.float64)


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
        return "not enough samples"
    if interval is None or beyond is None:
        has_few = any(math.isnan(one.error) and not one.independent for one in (before, after))
        return "not enough samples" if has_few else "drift too large"
    if interval.value == 0 and interval.low == interval.high:
        return "unchanged"
    if not interval.excludes_zero:
        return "no clear change"
    is_as_before = not beyond.excludes_zero or (beyond.value > 0) != (interval.value > 0)
    if interval.value > 0:
        return "rose as before" if is_as_before else "rose"
    return "fell as before" if is_as_before else "fell"
