"""The mean of a metric over several runs, and its interval, at each iteration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.statistics import student_quantile
from tui.session.board.chart_source import Interval
from tui.session.metrics.series import Series

_Stamp = tuple[tuple[int, int], ...]
_FEWEST_FOR_AXIS = 3
"""Runs; the interval of two is that of one degree of freedom, 13 standard errors to each side."""
_MOST_POINTS = 500
"""Points of an interval; a chart has fewer pixel columns."""


class CombinedSeries(Series, ABC):
    """Made of the points of several runs; read when it is needed.

    Before the first look at its points, `count` is only that of the longest run.
    """

    def __init__(self, members: Sequence[Series]) -> None:
        super().__init__()
        self._members = tuple(members)
        self._stamp: _Stamp | None = None
        self._is_updating = False

    @property
    def count(self) -> int:
        if self._stamp is None:
            return max((member.count for member in self._members), default=0)
        self._ready()
        return super().count

    @property
    def last(self) -> float | None:
        self._ready()
        return super().last

    @abstractmethod
    def _points(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all iterations, shape (n,), and the values there, shape (n,)."""

    def _members_stamp(self) -> _Stamp:
        return tuple((member.count, member.rewrites) for member in self._members)

    def _ready(self) -> None:
        stamp = self._members_stamp()
        if self._is_updating or stamp == self._stamp:
            return
        self._is_updating = True
        try:
            self._stamp = stamp
            self._take(*self._points())
        finally:
            self._is_updating = False

    def _take(self, iterations: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Replace the points from the first one that differs on."""
        known = min(super().count, len(iterations))
        differs = (self._xs.values[:known] != iterations[:known]) | (self._ys.values[:known] != values[:known])
        same = int(np.argmax(differs)) if differs.any() else known
        if same < super().count:
            self.forget_from(int(self._xs.values[same]))
        self.extend(iterations[same:], values[same:])


class MeanSeries(CombinedSeries):
    """Mean over the runs that have a finite value at an iteration."""

    def __init__(self, members: Sequence[Series]) -> None:
        super().__init__(members)
        self._interval: tuple[_Stamp, Interval] | None = None

    def interval(self) -> Interval:
        """Return the 95 % interval of the mean (Student) at up to 500 iterations, evenly spaced among all.

        NaN where fewer than two runs have a value.
        """
        stamp = self._members_stamp()
        if self._interval is None or self._interval[0] != stamp:
            self._interval = stamp, _interval(*self._table())
        return self._interval[1]

    def _points(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        iterations, values = self._table()
        return iterations, _means(values)[0].astype(np.float32)

    def _table(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all iterations, shape (n,), and each run's value there, shape (runs, n); NaN for none."""
        points = [(member.xs, member.ys) for member in self._members]
        finite = [(xs[np.isfinite(ys)], ys[np.isfinite(ys)]) for xs, ys in points]
        iterations = np.unique(np.concatenate([np.zeros(0, np.int64), *(xs for xs, _ in finite)]))
        values = np.full((len(finite), len(iterations)), np.nan, dtype=np.float32)
        for row, (xs, ys) in enumerate(finite):
            values[row, np.searchsorted(iterations, xs)] = ys  # of one iteration twice, the newest
        return iterations, values


def _interval(iterations: NDArray[np.int64], values: NDArray[np.float32]) -> Interval:
    chosen = np.unique(np.linspace(0, max(len(iterations) - 1, 0), _MOST_POINTS).astype(np.int64))[: len(iterations)]
    mean, count = _means(values[:, chosen])
    half = _half_widths(values[:, chosen], mean, count)
    low, high = (tuple((mean + sign * half).tolist()) for sign in (-1, 1))
    return Interval(tuple(iterations[chosen].tolist()), low, high, is_wide=len(values) < _FEWEST_FOR_AXIS)


def _means(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return mean and number of the known values of each column."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64)
    return total / np.maximum(count, 1), count


def _half_widths(
    values: NDArray[np.float32], mean: NDArray[np.float64], count: NDArray[np.int64]
) -> NDArray[np.float64]:
    squares = np.where(np.isfinite(values), values - mean, 0.0) ** 2
    several = np.maximum(count, 2)
    error = np.sqrt(squares.sum(axis=0) / (several - 1) / several)
    quantiles = np.array([np.nan, np.nan, *(student_quantile(number - 1) for number in range(2, len(values) + 1))])
    return np.asarray(quantiles[count] * error, dtype=np.float64)
