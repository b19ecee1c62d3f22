"""The smallest and the largest of any stretch of a million values, without looking at each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.growing_array import GrowingArray

BLOCK = 16
"""Rows in a block of the lowest level; as many blocks make one of the next level."""

_FEW = 1 << 14  # so many values are looked at faster than their blocks are found


@dataclass(frozen=True)
class Columns:
    """What each of n pixel columns of a chart shows, from left to right.

    All four arrays have shape (n,). `low` and `high` are the smallest and largest finite value of a column and mean
    something only where `filled` is true. `non_finite` tells which columns hold a NaN or an infinity; such a column
    can be filled as well.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    filled: NDArray[np.bool_]
    non_finite: NDArray[np.bool_]

    def between(self, start: int, stop: int) -> Columns:
        """Return the columns from `start` to before `stop`."""
        part = slice(start, stop)
        return Columns(self.low[part], self.high[part], self.filled[part], self.non_finite[part])


@dataclass
class _Level:
    """Smallest and largest finite value of each full block, +inf and -inf where there is none."""

    low: GrowingArray[np.float32] = field(default_factory=lambda: GrowingArray(np.float32))
    high: GrowingArray[np.float32] = field(default_factory=lambda: GrowingArray(np.float32))


class Pyramid:
    """Minima and maxima over blocks of 16 values, of 16 such blocks, and so on.

    Only full blocks are kept, so a block never changes as values are added. It takes 0.54 bytes a value, and 8 for
    each that is not finite.
    """

    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self._seen = 0
        self._non_finite: GrowingArray[np.int64] = GrowingArray(np.int64)

    def cut(self, row: int) -> None:
        """Forget all that depends on the values from `row` on: they have changed."""
        self._seen = min(self._seen, row)
        self._non_finite.cut(int(np.searchsorted(self._non_finite.values, row)))
        for level in self._levels:
            row //= BLOCK
            level.low.cut(row)
            level.high.cut(row)

    def columns(self, values: NDArray[np.float32], bounds: NDArray[np.int64]) -> Columns:
        """Find the extremes of the rows from `bounds[i]` to `bounds[i + 1]`, the latter excluded, for each i.

        `values` are all values so far, the same as before and more; `bounds`, of shape (n + 1,), never fall and lie
        within 0 and their count.
        """
        self._update(values)
        start, stop = bounds[:-1], bounds[1:]
        bad = np.searchsorted(self._non_finite.values, bounds)
        low, high = np.full(len(start), np.inf, np.float32), np.full(len(start), -np.inf, np.float32)
        lows = highs = values
        level = 0
        while bounds[-1] - bounds[0] > _FEW * BLOCK**level and level < len(self._levels):
            first_block, last_block = -(-start // BLOCK), stop // BLOCK
            head_stop = np.minimum(first_block * BLOCK, stop)
            tail_start = np.maximum(last_block * BLOCK, head_stop)
            for some, end in ((start, head_stop), (tail_start, stop)):
                self._take_edges(lows, highs, some, end, low, high)
            start, stop = first_block, np.maximum(first_block, last_block)
            lows, highs = self._levels[level].low.values, self._levels[level].high.values
            level += 1
        self._take_all(lows, highs, start, stop, low, high)
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
            level.low.extend(fresh_low.reshape(-1, BLOCK).min(axis=1))
            level.high.extend(fresh_high.reshape(-1, BLOCK).max(axis=1))
            lows, highs = level.low.values, level.high.values

    def _take_edges(
        self,
        lows: NDArray[np.float32],
        highs: NDArray[np.float32],
        start: NDArray[np.int64],
        stop: NDArray[np.int64],
        low: NDArray[np.float32],
        high: NDArray[np.float32],
    ) -> None:
        """Look at fewer than 16 values for each column."""
        rows = start[:, np.newaxis] + np.arange(BLOCK)
        outside = rows >= stop[:, np.newaxis]
        rows[outside] = 0
        chosen_low = lows[rows]
        chosen_high = chosen_low if highs is lows else highs[rows]
        if highs is lows and len(self._non_finite):
            chosen_low, chosen_high = _without_non_finite(chosen_low)
        np.minimum(low, np.where(outside, np.float32(np.inf), chosen_low).min(axis=1), out=low)
        np.maximum(high, np.where(outside, np.float32(-np.inf), chosen_high).max(axis=1), out=high)

    def _take_all(
        self,
        lows: NDArray[np.float32],
        highs: NDArray[np.float32],
        start: NDArray[np.int64],
        stop: NDArray[np.int64],
        low: NDArray[np.float32],
        high: NDArray[np.float32],
    ) -> None:
        """Look at all values between the first column's start and the last one's stop."""
        some = np.flatnonzero(start < stop)
        if not len(some):
            return
        first, last = int(start[some[0]]), int(stop[some[-1]])
        between = np.empty(2 * len(some), dtype=np.int64)
        between[::2], between[1::2] = start[some], stop[some]
        between = between[:-1] - first
        chosen_low, chosen_high = lows[first:last], highs[first:last]
        if highs is lows and len(self._non_finite):
            chosen_low, chosen_high = _without_non_finite(chosen_low)
        low[some] = np.minimum(low[some], np.minimum.reduceat(chosen_low, between)[::2])
        high[some] = np.maximum(high[some], np.maximum.reduceat(chosen_high, between)[::2])


def _without_non_finite(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the values for a minimum and those for a maximum."""
    finite = np.isfinite(values)
    return np.where(finite, values, np.float32(np.inf)), np.where(finite, values, np.float32(-np.inf))
