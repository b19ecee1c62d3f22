"""What the metrics of a watched run count: each has steps and times of its own."""

from __future__ import annotations

from collections.abc import Collection
from heapq import nlargest

import numpy as np

from tui.session.metrics.series import Series
from tui.session.metrics.timeline import XUnit
from tui.session.watch.branches import Branches

_RECENT_POINTS = 50
_MOST_METRICS = 8
_SAME_INTERVALS, _SAME_SHARE = 3.0, 0.01
"""Metrics of one counter are logged within some intervals of each other, or this share of the run."""


def usual_interval(metrics: Collection[Branches]) -> float | None:
    """Return the recent seconds between two points of the metrics that are logged most often; None before two."""
    intervals = []
    for metric in nlargest(_MOST_METRICS, metrics, key=lambda one: one.newest.count):
        gaps = np.diff(metric.newest.times_from(max(metric.newest.count - _RECENT_POINTS, 0)))
        if len(gaps := gaps[gaps > 0]):
            intervals.append(float(np.median(gaps)))
    return min(intervals, default=None)


def newest_step(metrics: Collection[Branches], now: float, interval: float | None) -> int | None:
    """Return the largest of the steps that were logged last, among metrics that are still logged at the time `now`."""
    since = now - max(2 * (interval or 0.0), 1.0)
    return max((one.last.step for one in metrics if one.last is not None and one.last.time >= since), default=None)


def convert_place(place: float, unit: XUnit, other: XUnit, metrics: Collection[Branches], start: float) -> float | None:
    """Return a place of the x axis in another unit; None if the metrics count different things.

    `start` is the time that is 0, in seconds since 1970.
    """
    logged = [metric for metric in metrics if metric.newest.count]
    if unit == other or not logged:
        return place if unit == other else None
    series = max((metric.newest for metric in logged), key=lambda one: one.count)
    times = np.maximum.accumulate(series.times)
    if not _is_one_counter(series, logged):
        return None
    if other == "time":
        return float(np.interp(place, series.xs, times)) - start
    return float(np.interp(place + start, times, series.xs))


def _is_one_counter(main: Series, metrics: Collection[Branches]) -> bool:
    """Return whether all metrics were logged when the main one was at their steps."""
    last = [metric.last for metric in metrics if metric.last is not None]
    steps, times = np.array([one.step for one in last]), np.array([one.time for one in last])
    covered = (steps >= main.xs[0]) & (steps <= main.xs[-1])
    ends = main.times[[0, -1]]
    duration = float(ends[1] - ends[0])
    allowed = max(_SAME_INTERVALS * duration / max(main.count - 1, 1), _SAME_SHARE * duration, 1.0)
    expected = np.interp(steps, main.xs, main.times)
    return bool((np.abs(times - expected)[covered] <= allowed).all())
