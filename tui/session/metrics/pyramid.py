"""Minima and maxima of any range of rows, without reading each value."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.growing_array import GrowingArray

BLOCK = 16
"""Rows in a block of the lowest level; as many blocks make one of the next level."""

_FEW = 1 << 14  # so many values are read faster than their blocks are found


@dataclass(frozen=True)
class Columns:
    """Content of n pixel columns of a chart, from left to right; all arrays have shape (n,).

    `low` and `high` are the smallest and largest finite value of a column, valid only where `filled` is true.
    `non_finite` is true for columns with a NaN or an infinity; such a column can be filled as well.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    filled: NDArray[np.bool_]
    non_finite: NDArray[np.bool_]

    def between(self, start: int, stop: int) -> Columns:
        """Return the columns from `start` to before `stop`."""
        part = slice(start, stop)
        return Columns(self.low[part], self.high[part], self.filled[part], self.non_finite[part])


class _Extremes(NamedTuple):
    """Minima and maxima of blocks or columns, shape (n,); both are the same array for single values."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]


@dataclass
class _Level:
    """Smallest and largest finite value of each full block; +inf and -inf without one."""

    low: GrowingArray[np.float32] = field(default_factory=lambda: GrowingArray(np.float32))
    high: GrowingArray[np.float32] = field(default_factory=lambda: GrowingArray(np.float32))


class Pyramid:
    """Minima and maxima over blocks of 16 values, of 16 such blocks, and so on.

    Only full blocks are stored, so appended values never change a block. The memory is 0.54 bytes per value, plus 8
    bytes for each value that is not finite.
    """

    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self._seen = 0
        self._non_finite: GrowingArray[np.int64] = GrowingArray(np.int64)

    def cut(self, row: int) -> None:
        """Drop everything that depends on the values from `row` on, as they have changed."""
        self._seen = min(self._seen, row)
        self._non_finite.cut(int(np.searchsorted(self._non_finite.values, row)))
        for level in self._levels:
            row //= BLOCK
            level.low.cut(row)
            level.high.cut(row)

    def columns(self, values: NDArray[np.float32], bounds: NDArray[np.int64]) -> Columns:
        """Return the extremes of the rows from `bounds[i]` to before `bounds[i + 1]`, for each i.

        `values` are all values so far, appended to since the last call. `bounds`, shape (n + 1,), are sorted and within
        0 and the number of values.
        """
        self._update(values)
        start, stop = bounds[:-1], bounds[1:]
        bad = np.searchsorted(self._non_finite.values, bounds)
        found = _Extremes(np.full(len(start), np.inf, np.float32), np.full(len(start), -np.inf, np.float32))
        source = _Extremes(values, values)
        level = 0
        while bounds[-1] - bounds[0] > _FEW * BLOCK**level and level < len(self._levels):
            first_block, last_block = -(-start // BLOCK), stop // BLOCK
            head_stop = np.minimum(first_block * BLOCK, stop)
            tail_start = np.maximum(last_block * BLOCK, head_stop)
            for begin, end in ((start, head_stop), (tail_start, stop)):
                self._fold_edges(source, begin, end, found)
            start, stop = first_block, np.maximum(first_block, last_block)
            source = _Extremes(self._levels[level].low.values, self._levels[level].high.values)
            level += 1
        self._fold_all(source, start, stop, found)
        low, high = found
        return Columns(low.astype(np.float64), high.astype(np.float64), low <= high, bad[1:] > bad[:-1])

    def _update(self, values: NDArray[np.float32]) -> None:
        new = values[self._seen :]
        if not len(new):
            return
        finite = np.isfinite(new)
        if not finite.all():
            self._non_finite.extend(np.flatnonzero(~finite) + self._seen)
        self._seen = len(values)
        lows = highs = values
        for depth in count():
            if depth == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[depth]
            done, full = len(level.low) * BLOCK, len(lows) // BLOCK * BLOCK
            if full == done:
                break
            fresh_low, fresh_high = lows[done:full], highs[done:full]
            if depth == 0 and len(self._non_finite) and self._non_finite.values[-1] >= done:
                fresh_low, fresh_high = _without_non_finite(fresh_low)
            level.low.extend(_by_place(fresh_low).min(axis=0))
            level.high.extend(_by_place(fresh_high).max(axis=0))
            lows, highs = level.low.values, level.high.values

    def _fold_edges(
        self, source: _Extremes, start: NDArray[np.int64], stop: NDArray[np.int64], found: _Extremes
    ) -> None:
        """Fold fewer than 16 values of each column into `found`."""
        rows = start[:, np.newaxis] + np.arange(BLOCK)
        outside = rows >= stop[:, np.newaxis]
        rows[outside] = 0
        low, high = self._finite(source, rows)
        np.minimum(found.low, np.where(outside, np.float32(np.inf), low).min(axis=1), out=found.low)
        np.maximum(found.high, np.where(outside, np.float32(-np.inf), high).max(axis=1), out=found.high)

    def _fold_all(self, source: _Extremes, start: NDArray[np.int64], stop: NDArray[np.int64], found: _Extremes) -> None:
        """Fold all values between the first column's start and the last one's stop into `found`."""
        columns = np.flatnonzero(start < stop)
        if not len(columns):
            return
        first, last = int(start[columns[0]]), int(stop[columns[-1]])
        between = np.empty(2 * len(columns), dtype=np.int64)
        between[::2], between[1::2] = start[columns], stop[columns]
        between = between[:-1] - first
        low, high = self._finite(source, slice(first, last))
        found.low[columns] = np.minimum(found.low[columns], np.minimum.reduceat(low, between)[::2])
        found.high[columns] = np.maximum(found.high[columns], np.maximum.reduceat(high, between)[::2])

    def _finite(self, source: _Extremes, rows: NDArray[np.int64] | slice) -> _Extremes:
        """Return some rows of `source`; of single values, those that are not finite become +inf and -inf."""
        low = source.low[rows]
        if source.high is not source.low:  # blocks, which are finite or empty
            return _Extremes(low, source.high[rows])
        return _without_non_finite(low) if len(self._non_finite) else _Extremes(low, low)


def _by_place(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return whole blocks as columns, shape (16, n): NumPy compares long rows several times as fast as short ones."""
    return np.ascontiguousarray(values.reshape(-1, BLOCK).T)


def _without_non_finite(values: NDArray[np.float32]) -> _Extremes:
    """Return the values with +inf, and with -inf, in place of values that are not finite."""
    finite = np.isfinite(values)
    return _Extremes(np.where(finite, values, np.float32(np.inf)), np.where(finite, values, np.float32(-np.inf)))
