"""Pixel columns and dots of one curve, updated incrementally: only those that new points touch are recomputed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import ValueAxis
from tui.charts.braille import DOTS_ACROSS, DOTS_DOWN, Anchor, braille_bits, curve_dots
from tui.charts.x_axis import XFrame, place_of
from tui.session.board.chart_source import Curve
from tui.session.metrics.pyramid import Columns
from tui.session.metrics.series import Series
from tui.session.metrics.smoothing import SmoothedSeries
from tui.session.metrics.timeline import Timeline


@dataclass(kw_only=True)
class _Seen:
    """Inputs of the last update."""

    frame: XFrame
    log: bool
    series: Series
    rewrites: tuple[int, int]
    count: int
    tail: int
    """Column of the last point; earlier columns never change again."""


class Trace:
    """The part of a series inside a frame, with the nearest points outside.

    On a logarithmic axis, `columns` hold decimal logarithms, and `non_positive` is true where values have none. A
    column with only such values interrupts the curve, as one with only non-finite values (`non_finite`) does.

    With `is_stepped`, columns without a point hold the value of the point before them.
    """

    def __init__(self, is_stepped: bool = False) -> None:
        self._is_stepped = is_stepped
        self.columns = _no_columns(0)
        self.non_positive: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.non_finite: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.before: Anchor | None = None
        self.after: Anchor | None = None
        self._left_end: list[float] = []  # values where the curve crosses the edges of the plot
        self._right_end: list[float] = []
        self._seen: _Seen | None = None
        self._changed_from = 0
        self._axis: ValueAxis | None = None
        self._dots: NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._bits: NDArray[np.uint32] = np.zeros((0, 0), dtype=np.uint32)

    def update(self, series: Series, timeline: Timeline | None, frame: XFrame, log: bool) -> None:
        """Compute the columns of the series in this frame."""
        if frame.unit != "iteration" and (timeline is None or not len(timeline)):
            series, timeline = Series(), Timeline()
        seen, start = self._seen, 0
        rewrites = series.rewrites, 0 if timeline is None else timeline.rewrites
        if seen is not None and seen.series is series and seen.frame is frame:
            if (seen.log, seen.rewrites, seen.count) == (log, rewrites, series.count):
                return
            if (seen.log, seen.rewrites) == (log, rewrites):
                start = seen.tail
        if start == 0:
            self.columns = _no_columns(frame.columns)
            self.non_positive = np.zeros(frame.columns, dtype=np.bool_)
            self.non_finite = np.zeros(frame.columns, dtype=np.bool_)
        edges = frame.edges[start:]
        iterations = (timeline or Timeline()).first_iterations(edges, frame.unit)
        bounds = series.rows_from(iterations)
        if start < frame.columns:
            self._take(start, series, bounds, log)
        tail = start + max(0, int(np.searchsorted(bounds, series.count - 1, side="right")) - 1)
        self._seen = _Seen(
            frame=frame, log=log, series=series, rewrites=rewrites, count=series.count, tail=min(tail, frame.columns)
        )
        points = _FramedPoints(series, timeline, frame, log)
        first, end = int(bounds[0]), int(bounds[-1])
        after = None if self._is_stepped else points.anchor(end)
        self._right_end = [] if self._is_stepped else points.crossing(end, frame.columns - 1)
        if start == 0 and not self._is_stepped:
            self.before = points.anchor(first - 1)
            self._left_end = points.crossing(first, 0)
        elif after != self.after:
            start = min(start, frame.columns - 1)
        self.after = after
        self._changed_from = min(self._changed_from, start)

    def bits(self, axis: ValueAxis, rows: int) -> NDArray[np.uint32]:
        """Return the dots of each cell of a plot with `rows` lines, shape (rows, cells); read-only."""
        dots = rows * DOTS_DOWN
        if axis != self._axis or self._dots.shape != (dots, len(self.columns.filled)):
            self._changed_from, self._axis = 0, axis
            self._dots = np.zeros((dots, len(self.columns.filled)), dtype=np.bool_)
            self._bits = np.zeros((rows, len(self.columns.filled) // DOTS_ACROSS), dtype=np.uint32)
        if self._changed_from < len(self.columns.filled):
            self._draw(axis, dots)
        self._changed_from = len(self.columns.filled)
        return self._bits

    def extremes(self) -> tuple[float, float] | None:
        """Return the smallest and the largest visible value; None without any."""
        low, high = self.columns.low, self.columns.high
        if self._seen is not None and self._seen.log:  # a column that reaches -inf also has finite logarithms
            low = np.where(low > -np.inf, low, high)
        ends = [float(low.min()), float(high.max())]
        if ends[0] > ends[1]:
            ends = []
        ends += [*self._left_end, *self._right_end]
        return (min(ends), max(ends)) if ends else None

    def end(self) -> tuple[int, float] | None:
        """Return the last filled column and the middle of its values; None if no column is filled."""
        filled = np.flatnonzero(self.columns.filled)
        if not len(filled):
            return None
        low, high = float(self.columns.low[filled[-1]]), float(self.columns.high[filled[-1]])
        return int(filled[-1]), (low / 2 + high / 2 if low > -np.inf else high)

    def _take(self, start: int, series: Series, bounds: NDArray[np.int64], log: bool) -> None:
        """Fill the columns from `start` on."""
        new = series.columns_of_rows(bounds)
        if self._is_stepped:
            new = _held(new, series.ys, bounds)
        filled, low, high = new.filled, new.low, new.high
        if log:
            self.non_positive[start:] = new.filled & (new.low <= 0)
            filled = new.filled & (new.high > 0)
            with np.errstate(divide="ignore"):  # 0 becomes -inf
                low, high = np.log10(np.maximum(low, 0.0)), np.log10(np.maximum(high, 0.0))
            low = np.where(filled, low, np.inf)
        columns = self.columns
        columns.low[start:], columns.high[start:], columns.filled[start:] = low, high, filled
        columns.non_finite[start:] = new.non_finite | (new.filled & ~filled)
        self.non_finite[start:] = new.non_finite

    def _draw(self, axis: ValueAxis, dots: int) -> None:
        """Recompute the dots from the last filled column before the change on."""
        columns = self.columns
        filled = np.flatnonzero(columns.filled)
        earlier = filled[: np.searchsorted(filled, self._changed_from)]
        first, context = (int(earlier[-1]), int(earlier[-2])) if len(earlier) > 1 else (0, 0)
        if not context:
            first = 0
        whole = len(columns.filled)
        stop = whole if self.after is not None or not len(filled) else int(filled[-1]) + 1
        part = columns.between(context, stop)
        after = None if self.after is None else Anchor(self.after.position - context, self.after.value)
        before = None if context else self.before
        drawn = curve_dots(part, low=axis.low, high=axis.high, dots=dots, before=before, after=after)
        self._dots[:, first:stop] = drawn[:, first - context :]
        self._dots[:, stop:] = False
        cell = first // DOTS_ACROSS
        end = -(-stop // DOTS_ACROSS)
        self._bits[:, cell:end] = braille_bits(self._dots[:, cell * DOTS_ACROSS : end * DOTS_ACROSS])
        self._bits[:, end:] = 0


class CurveTraces:
    """The traces of a curve: raw, with smoothing also smoothed, and what was replaced."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.plain = Trace(curve.is_stepped)
        self.smooth: Trace | None = None
        self.replaced: Trace | None = None
        self._series, self._timeline = curve.series, curve.timeline
        self._smoothed: SmoothedSeries | None = None
        self._weight = 0.0

    @property
    def shown(self) -> Trace:
        """The trace in front."""
        return self.smooth or self.plain

    @property
    def all(self) -> list[Trace]:
        """All traces of the curve."""
        return [trace for trace in (self.replaced, self.plain, self.smooth) if trace is not None]

    @property
    def series(self) -> Series:
        """The series in front, as of the last update."""
        return self._smoothed.series if self._smoothed is not None else self._series

    def update(self, frame: XFrame, log: bool, smoothing: float) -> None:
        """Update the traces for this frame."""
        series, self._timeline = self.curve.over(frame.unit)
        smoothing = smoothing if self.curve.is_smoothable else 0.0
        if smoothing != self._weight or series is not self._series:
            self._weight, self._series = smoothing, series
            self._smoothed = SmoothedSeries(series, smoothing) if smoothing else None
            self.smooth = Trace() if smoothing else None
        self.plain.update(series, self._timeline, frame, log)
        if self._smoothed is not None and self.smooth is not None:
            self.smooth.update(self._smoothed.update(), self._timeline, frame, log)
        if self.curve.replaced is not None and (self.replaced is not None or self.curve.replaced.series.count):
            self.replaced = self.replaced or Trace(self.curve.is_stepped)
            self.replaced.update(*self.curve.replaced.over(frame.unit), frame, log)

    def value_at(self, place: float, frame: XFrame) -> float | None:
        """Return the value of the point nearest to a place, for steps the one in force; None beyond the ends."""
        series, timeline = self.series, self._timeline
        if not series.count or (frame.unit != "iteration" and timeline is None):
            return None
        iteration = (timeline or Timeline()).iteration_at(place, frame.unit)
        row = int(series.rows_from(np.array([int(np.ceil(iteration))]))[0])
        rows = [one for one in (row - 1, row) if 0 <= one < series.count]
        if self.curve.is_stepped and row < series.count and series.point(row)[0] > iteration:
            nearest = rows[0]
        else:
            nearest = min(rows, key=lambda one: abs(series.point(one)[0] - iteration))
        at = place_of(series.point(nearest)[0], frame.unit, timeline)
        if len(rows) == 1 and (at is None or abs(at - place) > DOTS_ACROSS * frame.spacing):
            return None
        last_of_same = int(series.rows_from(np.array([series.point(nearest)[0] + 1]))[0]) - 1
        return series.point(last_of_same)[1]


@dataclass(frozen=True)
class _FramedPoints:
    """Points of a series as positions in a frame."""

    series: Series
    timeline: Timeline | None
    frame: XFrame
    log: bool

    def anchor(self, row: int) -> Anchor | None:
        """Return the point in this row as an anchor; None if there is none or it has no place on the axes."""
        if not 0 <= row < self.series.count:
            return None
        iteration, value = self.series.point(row)
        place = place_of(iteration, self.frame.unit, self.timeline)
        if place is None or not np.isfinite(value) or (self.log and value <= 0):
            return None
        return Anchor(self.frame.position(place), float(np.log10(value)) if self.log else value)

    def crossing(self, row: int, position: int) -> list[float]:
        """Return the value at a column between the point before this row and the row's point; empty without it."""
        left, right = self.anchor(row - 1), self.anchor(row)
        if left is None or right is None or right.position <= left.position:
            return []
        share = (position - left.position) / (right.position - left.position)
        return [left.value + share * (right.value - left.value)]


def _held(columns: Columns, values: NDArray[np.float32], bounds: NDArray[np.int64]) -> Columns:
    """Fill columns between points with the last value before them; `bounds` are the rows of each column."""
    starts = bounds[:-1]
    between = (starts == bounds[1:]) & (starts > 0) & (starts < len(values))
    held = np.full(len(starts), np.nan)
    held[between] = values[starts[between] - 1]
    filled = np.isfinite(held)
    return Columns(
        np.where(filled, held, columns.low),
        np.where(filled, held, columns.high),
        columns.filled | filled,
        columns.non_finite,
    )


def _no_columns(n: int) -> Columns:
    return Columns(np.full(n, np.inf), np.full(n, -np.inf), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_))
