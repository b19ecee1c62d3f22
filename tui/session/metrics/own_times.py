"""Points of a series in the order of their own times, for charts over time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.session.metrics.series import Series, whole_edges
from tui.session.metrics.timeline import Timeline, XUnit

_TICKS = 1000
"""Iterations of the series over time in a second."""


class Milliseconds(Timeline):
    """The timeline of a series over time, whose iterations are milliseconds; it has no environment steps."""

    def __len__(self) -> int:
        return 1

    @property
    def units(self) -> tuple[XUnit, ...]:
        return ("time",)

    def place(self, iterations: ArrayLike, unit: XUnit) -> NDArray[np.float64]:
        """Return the seconds of these milliseconds."""
        return np.asarray(np.asarray(iterations, dtype=np.float64) / _TICKS)

    def iteration_at(self, position: float, unit: XUnit) -> float:
        """Return the millisecond at these seconds."""
        return position * _TICKS

    def first_iterations(self, edges: NDArray[np.float64], unit: XUnit) -> NDArray[np.int64]:
        """Return for each edge, in seconds, the first whole millisecond not before it."""
        return whole_edges(np.clip(edges * _TICKS, -(2.0**61), 2.0**61))


MILLISECONDS = Milliseconds()


class SeriesOverTime:
    """A series with times, sorted by them; a copy that `update` brings up to date, in milliseconds since a start."""

    def __init__(self, source: Series, start: Callable[[], float]) -> None:
        """`start` returns the time that is 0, in the unit of the source's times."""
        self._source = source
        self._start = start
        self._series = Series()
        self._seen: tuple[float, int] | None = None

    def update(self) -> Series:
        """Return the points of the source by time."""
        seen = (self._start(), self._source.rewrites)
        if seen != self._seen:
            self._seen, self._series = seen, Series()
        row = self._series.count
        if row < self._source.count:
            since_start = self._source.times_from(row) - seen[0]
            self._series.extend(np.round(since_start * _TICKS).astype(np.int64), self._source.points_from(row)[1])
        return self._series

    @property
    def seconds(self) -> NDArray[np.float64]:
        """The seconds since the start of all points, shape (count,), in the order of the source."""
        return self._source.times - self._start()

    def of_copy(self, source: Series) -> SeriesOverTime:
        """Return the same for a copy of the source, which no longer grows."""
        start = self._start()
        return SeriesOverTime(source, lambda: start)
