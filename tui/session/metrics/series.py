"""All points of one metric, and their extremes in the pixel columns of a chart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.session.metrics.growing_array import GrowingArray, Scalar
from tui.session.metrics.pyramid import Columns, Pyramid
from tui.session.metrics.sorted_integers import SortedIntegers


class Series:
    """All points of one metric, sorted by iteration; those of the same iteration stay in order of arrival.

    A point takes 4 bytes for its value and 0.54 for the minima and maxima of charts. Its iteration takes 8 more, unless
    the iterations are evenly spaced, and so does its time in a series with times. Up to a quarter of the memory is
    spare capacity.
    """

    def __init__(self, has_times: bool = False) -> None:
        """With `has_times`, each point has a time of its own."""
        self._xs = SortedIntegers()
        self._ys: GrowingArray[np.float32] = GrowingArray(np.float32)
        self._times: GrowingArray[np.float64] | None = GrowingArray(np.float64) if has_times else None
        self._pyramid = Pyramid()
        self._last: float | None = None
        self._rewrites = 0

    @property
    def xs(self) -> NDArray[np.int64]:
        """The iterations of all points, shape (count,), sorted; read-only."""
        self._ready()
        return _read_only(self._xs.values)

    @property
    def ys(self) -> NDArray[np.float32]:
        """The values of all points, shape (count,); may be NaN or infinite; read-only."""
        self._ready()
        return _read_only(self._ys.values)

    @property
    def times(self) -> NDArray[np.float64]:
        """The times of all points, shape (count,), in seconds; empty for a series without; read-only."""
        return self.times_from(0)

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self._ys)

    @property
    def last(self) -> float | None:
        """The exact value added last, whatever its iteration; may be NaN or infinite; None before the first."""
        return self._last

    @property
    def first_iteration(self) -> int | None:
        """The smallest iteration of all points; None before the first."""
        return self._xs.first if self.count else None

    @property
    def last_iteration(self) -> int | None:
        """The largest iteration of all points; None before the first."""
        return self._xs.last if self.count else None

    @property
    def rewrites(self) -> int:
        """Number of times that points were inserted or dropped; while it is unchanged, points keep their rows."""
        return self._rewrites

    def _ready(self) -> None:
        """Get points that are elsewhere; called before points are read."""

    def append(self, x: int, y: float) -> None:
        """Add value `y` of iteration `x`; slow if a later iteration exists already."""
        if self.count and x < self._xs.last:
            self._merge(np.array([x]), np.array([y], dtype=np.float32))
        else:
            self._xs.append(x)
            self._ys.append(y)
        self._last = float(y)

    def extend(self, xs: ArrayLike | range, ys: ArrayLike, times: ArrayLike | None = None) -> None:
        """Add many points at once, as if each were appended in turn.

        `xs` are integer iterations and `ys` values, both of shape (k,), and so are `times` for a series with times.
        Raises `ValueError` for other shapes.
        """
        if self._times is not None:
            self._extend_timed(np.asarray(xs, dtype=np.int64), np.asarray(ys), np.asarray(times, dtype=np.float64))
            return
        values = np.asarray(ys, dtype=np.float32)
        if isinstance(xs, range) and xs.step > 0 and values.shape == (len(xs),) and self._comes_after(xs):
            self._xs.extend(xs)
            self._ys.extend(values)
            self._last = float(np.asarray(ys)[-1])
            return
        iterations = np.asarray(xs, dtype=np.int64)
        if iterations.ndim != 1 or iterations.shape != values.shape:
            raise ValueError(f"expected iterations and values of shape (k,), got {iterations.shape} and {values.shape}")
        if not len(iterations):
            return
        self._last = float(np.asarray(ys)[-1])
        if bool((iterations[1:] < iterations[:-1]).any()):
            order = np.argsort(iterations, kind="stable")
            iterations, values = iterations[order], values[order]
        if self.count and iterations[0] < self._xs.last:
            self._merge(iterations, values)
        else:
            self._xs.extend(iterations)
            self._ys.extend(values)

    def forget_from(self, iteration: int) -> None:
        """Drop the points from this iteration on; a restarted training publishes them again."""
        self._ready()
        row = int(self._xs.rows_from(np.array([iteration]))[0])
        if row == self.count:
            return
        self._xs.cut(row)
        self._ys.cut(row)
        if self._times is not None:
            self._times.cut(row)
        self._pyramid.cut(row)
        self._last = float(self._ys.values[-1]) if row else None
        self._rewrites += 1

    def point(self, row: int) -> tuple[int, float]:
        """Return iteration and value of the point in this row, 0 to count - 1."""
        self._ready()
        return self._xs.at(row), float(self._ys.values[row])

    def points_from(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return iterations and values of the points from this row, 0 to count, on; read-only."""
        self._ready()
        return _read_only(self._xs.values_from(row)), _read_only(self._ys.values[row:])

    def iterations_from(self, row: int) -> NDArray[np.int64] | range:
        """Return the iterations of the points from this row, 0 to count, on; a range if they are evenly spaced."""
        self._ready()
        return self._xs.part_from(row)

    def times_from(self, row: int) -> NDArray[np.float64]:
        """Return the times of the points from this row, 0 to count, on; empty for a series without; read-only."""
        return np.empty(0) if self._times is None else _read_only(self._times.values[row:])

    def rows_from(self, iterations: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each iteration the row of the first point not before it; `count` without one."""
        self._ready()
        return self._xs.rows_from(iterations)

    def columns_between(self, edges: NDArray[np.int64]) -> Columns:
        """Return n columns; column i has the points from iteration `edges[i]` to below `edges[i + 1]`.

        `edges`, shape (n + 1,), are sorted. Extremes are exact, however many points a column has.
        """
        self._ready()
        return self.columns_of_rows(self._xs.rows_from(edges))

    def columns_of_rows(self, bounds: NDArray[np.int64]) -> Columns:
        """Return n columns; column i has the rows from `bounds[i]` to below `bounds[i + 1]`.

        `bounds`, shape (n + 1,), are sorted and within 0 and `count`.
        """
        self._ready()
        return self._pyramid.columns(self._ys.values, bounds)

    def columns(self, x_low: int, x_high: int, n: int) -> Columns:
        """Return `n` pixel columns (at least 1) for the iterations from `x_low` to `x_high`, both included.

        Raises `ValueError` if `n` is below 1 or `x_high` below `x_low`.
        """
        if n < 1 or x_high < x_low:
            raise ValueError(f"expected n >= 1 and x_low <= x_high, got {n}, {x_low}, {x_high}")
        return self.columns_between(whole_edges(column_edges(x_low, x_high, n)))

    def _extend_timed(self, xs: NDArray[np.int64], ys: NDArray[np.floating], times: NDArray[np.float64]) -> None:
        if xs.ndim != 1 or not xs.shape == ys.shape == times.shape:
            raise ValueError(f"expected three arrays of shape (k,), got {xs.shape}, {ys.shape} and {times.shape}")
        if not len(xs):
            return
        assert self._times is not None
        self._last = float(ys[-1])
        values = ys.astype(np.float32)
        is_sorted = not bool((xs[1:] < xs[:-1]).any())
        if is_sorted and (not self.count or xs[0] >= self._xs.last):
            self._xs.extend(xs)
            self._ys.extend(values)
            self._times.extend(times)
            return
        before = np.concatenate((self._xs.values, xs))
        order = np.argsort(before, kind="stable")
        all_times = np.concatenate((self._times.values, times))[order]
        self._merge(xs, values)
        self._times.cut(0)
        self._times.extend(all_times)

    def _comes_after(self, xs: range) -> bool:
        return len(xs) > 0 and (not self.count or xs[0] >= self._xs.last)

    def _merge(self, iterations: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Insert points by iteration, after existing ones of the same iteration."""
        first_moved = int(self._xs.rows_from(iterations.min(keepdims=True) + 1)[0])
        all_iterations = np.concatenate((self._xs.values, iterations))
        all_values = np.concatenate((self._ys.values, values))
        order = np.argsort(all_iterations, kind="stable")
        self._xs.replace(all_iterations[order])
        self._ys.cut(0)
        self._ys.extend(all_values[order])
        self._pyramid.cut(first_moved)
        self._rewrites += 1


def column_edges(low: float, high: float, n: int) -> NDArray[np.float64]:
    """Return the starts of `n` pixel columns (at least 1) and the end of the last one, shape (n + 1,).

    `low` is in the middle of the first column and `high` (not below `low`) in the middle of the last. So a curve runs
    from edge to edge. Places outside `low` and `high` belong to no column.
    """
    spacing = (high - low) / max(1, n - 1) if high > low else 1.0
    edges = low + (np.arange(n + 1) - 0.5) * spacing
    edges[0], edges[n] = low, math.inf
    capped: NDArray[np.float64] = np.minimum(edges, math.nextafter(high, math.inf))
    return capped


def whole_edges(edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round each edge up to an integer (all within ±2⁶²)."""
    return np.ceil(edges).astype(np.int64)


def _read_only(values: NDArray[Scalar]) -> NDArray[Scalar]:
    view = values.view()
    view.flags.writeable = False
    return view
