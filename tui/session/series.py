"""The history of one metric in bounded memory: iterations on x, values on y, kept as minimum and maximum per bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

DEFAULT_BUCKET_LIMIT = 4096
"""Most buckets that one series keeps, unless told otherwise: about 70 kB."""


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


@overload
def column_of(x: int, x_low: int, x_high: int, n: int) -> int: ...
@overload
def column_of(x: NDArray[np.int64], x_low: int, x_high: int, n: int) -> NDArray[np.int64]: ...
def column_of(x: int | NDArray[np.int64], x_low: int, x_high: int, n: int) -> int | NDArray[np.int64]:
    """Which of `n` pixel columns shows iteration `x`: 0 for `x_low` up to n - 1 for `x_high`; all 0 if they are equal.

    `x` lies within `x_low` and `x_high`; the arithmetic is whole-numbered, so a column's content never flickers.
    """
    doubled_span = 2 * max(1, x_high - x_low)
    return (2 * (x - x_low) * (n - 1) + doubled_span // 2) // doubled_span


class Series:
    """All values of one metric, in at most `bucket_limit` buckets (at least 2) of equal width.

    A bucket spans `bucket_width` iterations, starts at a multiple of it and keeps the smallest and the largest finite
    value in it, and whether it holds a NaN or an infinity. When the iterations no longer fit, the width doubles by
    merging neighbours, so a spike is never lost. What is kept does not depend on the order in which points arrive.
    """

    def __init__(self, bucket_limit: int = DEFAULT_BUCKET_LIMIT) -> None:
        if bucket_limit < 2:
            raise ValueError(f"a series needs at least 2 buckets, not {bucket_limit}")
        self._limit = bucket_limit
        self._width = 1
        # Bucket i covers the iterations from (_base + i) * _width on; an empty one has low = +inf and high = -inf.
        self._base = 0
        self._low = np.full(bucket_limit, np.inf)
        self._high = np.full(bucket_limit, -np.inf)
        self._non_finite = np.zeros(bucket_limit, dtype=np.bool_)
        self._first: int | None = None
        self._final: int | None = None
        self._last: float | None = None
        self._count = 0

    @property
    def count(self) -> int:
        """How many points were ever added."""
        return self._count

    @property
    def last(self) -> float | None:
        """The exact value added last, whatever its iteration; may be NaN or infinite; None before the first."""
        return self._last

    @property
    def first_iteration(self) -> int | None:
        """The smallest iteration of all points; None before the first."""
        return self._first

    @property
    def last_iteration(self) -> int | None:
        """The largest iteration of all points; None before the first."""
        return self._final

    @property
    def bucket_width(self) -> int:
        """How many iterations share a bucket: a power of two."""
        return self._width

    def append(self, x: int, y: float) -> None:
        """Add value `y` of iteration `x`. An iteration that was seen before, or passed, joins its bucket."""
        self._make_room(x, x)
        bucket = x // self._width - self._base
        if math.isfinite(y):
            self._low[bucket] = min(self._low[bucket], y)
            self._high[bucket] = max(self._high[bucket], y)
        else:
            self._non_finite[bucket] = True
        self._last = float(y)
        self._count += 1

    def extend(self, xs: ArrayLike, ys: ArrayLike) -> None:
        """Add many points at once, as if each were appended in turn.

        `xs` holds whole iterations and `ys` as many values, both of shape (k,). Raises `ValueError` if the shapes
        differ or are not flat.
        """
        iterations = np.asarray(xs, dtype=np.int64)
        values = np.asarray(ys, dtype=np.float64)
        if iterations.ndim != 1 or iterations.shape != values.shape:
            raise ValueError(f"iterations and values must be equally long lists: {iterations.shape}, {values.shape}")
        if not len(iterations):
            return
        self._make_room(int(iterations.min()), int(iterations.max()))
        buckets = iterations // self._width - self._base
        finite = np.isfinite(values)
        np.minimum.at(self._low, buckets[finite], values[finite])
        np.maximum.at(self._high, buckets[finite], values[finite])
        self._non_finite[buckets[~finite]] = True
        self._last = float(values[-1])
        self._count += len(values)

    def columns(self, x_low: int, x_high: int, n: int) -> Columns:
        """Spread the iterations from `x_low` to `x_high`, both included, over `n` pixel columns (at least 1).

        A bucket belongs to the column of its first iteration; one that sticks out of the range counts as inside.
        Raises `ValueError` if there is no column or `x_high` is below `x_low`.
        """
        if n < 1 or x_high < x_low:
            raise ValueError(f"no columns to fill: {n} from iteration {x_low} to {x_high}")
        start = min(max(x_low // self._width - self._base, 0), self._limit)
        stop = min(max(x_high // self._width - self._base + 1, start), self._limit)
        iterations = np.arange(self._base + start, self._base + stop, dtype=np.int64) * self._width
        column = column_of(np.clip(iterations, x_low, x_high), x_low, x_high, n)
        low, high = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(low, column, self._low[start:stop])
        np.maximum.at(high, column, self._high[start:stop])
        non_finite = np.zeros(n, dtype=np.bool_)
        non_finite[column[self._non_finite[start:stop]]] = True
        return Columns(low, high, low <= high, non_finite)

    def _make_room(self, lowest: int, highest: int) -> None:
        """Widen and shift the buckets until they cover these iterations and all earlier ones."""
        if self._first is None or self._final is None:
            self._first, self._final = lowest, highest
            self._base = lowest // self._width
        first, final = min(lowest, self._first), max(highest, self._final)
        while final // self._width - first // self._width >= self._limit:
            self._double_width()
        if first // self._width < self._base:
            self._shift(self._base - first // self._width)
        self._first, self._final = first, final

    def _double_width(self) -> None:
        target = (np.arange(self._limit) + self._base % 2) // 2
        low, high = np.full(self._limit, np.inf), np.full(self._limit, -np.inf)
        np.minimum.at(low, target, self._low)
        np.maximum.at(high, target, self._high)
        non_finite = np.zeros(self._limit, dtype=np.bool_)
        non_finite[target[self._non_finite]] = True
        self._low, self._high, self._non_finite = low, high, non_finite
        self._base //= 2
        self._width *= 2

    def _shift(self, buckets: int) -> None:
        """Move everything right by `buckets`; the caller has made sure that only empty ones fall off the end."""
        self._low = np.roll(self._low, buckets)
        self._high = np.roll(self._high, buckets)
        self._non_finite = np.roll(self._non_finite, buckets)
        self._base -= buckets
