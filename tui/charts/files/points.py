"""The points of a chart that are inside its view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tui.charts.description import ChartDescription
from tui.charts.view import Range
from tui.charts.x_axis import place_of
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series
from tui.session.metrics.smoothing import SmoothedSeries
from tui.session.metrics.timeline import Timeline, XUnit


@dataclass(frozen=True)
class Points:
    """Points of a curve: iterations, places on the x axis and values, all of shape (k,).

    `smoothed` is the moving average of all points up to each one; None without smoothing, and for steps. `seconds` are
    times of their own; None where the curve's timeline has them. `replaced` were logged again later.
    """

    iterations: NDArray[np.int64]
    places: NDArray[np.float64]
    values: NDArray[np.float32]
    smoothed: NDArray[np.float32] | None
    seconds: NDArray[np.float64] | None = None
    replaced: Points | None = None


def copied_charts(charts: Sequence[ChartDescription]) -> list[ChartDescription]:
    """Return charts with copies of their data, which no longer grow, for use in another thread."""
    timelines: dict[int, Timeline] = {}
    series: dict[int, Series] = {}

    def copied(curve: Curve) -> Curve:
        if id(curve.series) not in series:
            series[id(curve.series)] = _copy_of_series(curve.series)
        timeline = curve.timeline
        if timeline is not None and id(timeline) not in timelines:
            timelines[id(timeline)] = _copy_of_timeline(timeline)
        copy = series[id(curve.series)]
        return replace(
            curve,
            series=copy,
            timeline=None if timeline is None else timelines[id(timeline)],
            over_time=None if curve.over_time is None else curve.over_time.of_copy(copy),
            replaced=None if curve.replaced is None else copied(curve.replaced),
        )

    drawn = [replace(chart, curves=tuple(copied(curve) for curve in chart.curves)) for chart in charts]
    return [
        replace(chart, marks=tuple(replace(one, timeline=timelines.get(id(one.timeline))) for one in chart.marks))
        for chart in drawn
    ]


def _copy_of_series(series: Series) -> Series:
    copy = Series(has_times=len(series.times) > 0)
    copy.extend(series.xs, series.ys, series.times)
    return copy


def _copy_of_timeline(timeline: Timeline) -> Timeline:
    copy = Timeline()
    if len(timeline):
        iterations = timeline.last_iterations(len(timeline))
        copy.extend(iterations, timeline.place(iterations, "steps"), timeline.place(iterations, "time"))
    return copy


def range_of(chart: ChartDescription) -> Range | None:
    """Return the range of the x axis: that of the view, or of all data; None without data."""
    view = chart.view
    if view.range is not None:
        return view.range
    extent = chart.extent or _extent(chart)
    if extent is None or view.follow is None:
        return extent
    return view.visible(extent)


def points_of(chart: ChartDescription) -> list[Points]:
    """Return the visible points of each curve."""
    range_ = range_of(chart) or (0.0, 0.0)
    return [_points(curve, chart.view.unit, range_, chart.view.smoothing) for curve in chart.curves]


def marks_of(chart: ChartDescription) -> list[tuple[float, Mark]]:
    """Return the visible marks with their places, from left to right."""
    range_ = range_of(chart)
    if range_ is None:
        return []
    placed = [
        (place, mark)
        for marks in chart.marks
        for mark in marks.marks
        if (place := place_of(mark.iteration, chart.view.unit, marks.timeline)) is not None
    ]
    return sorted([one for one in placed if range_[0] <= one[0] <= range_[1]], key=lambda one: one[0])


def _extent(chart: ChartDescription) -> Range | None:
    curves = [one for curve in chart.curves for one in (curve, curve.replaced) if one is not None]
    ends = [places for curve in curves if len(places := _places(curve, chart.view.unit))]
    return (min(float(one[0]) for one in ends), max(float(one[-1]) for one in ends)) if ends else None


def _points(curve: Curve, unit: XUnit, range_: Range, smoothing: float) -> Points:
    places = _places(curve, unit)
    low, high = int(np.searchsorted(places, range_[0])), int(np.searchsorted(places, range_[1], side="right"))
    is_smoothed = bool(smoothing) and curve.is_smoothable
    smoothed = SmoothedSeries(curve.over(unit)[0], smoothing).update().ys[low:high] if is_smoothed else None
    replaced = None if curve.replaced is None else _points(curve.replaced, unit, range_, 0.0)
    iterations, values, seconds = curve.series.xs, curve.series.ys, None
    if curve.over_time is not None:
        seconds = curve.over_time.seconds
        if unit == "time":
            order = np.argsort(seconds, kind="stable")
            iterations, values, seconds = iterations[order], values[order], seconds[order]
        seconds = seconds[low:high]
    return Points(iterations[low:high], places[low:high], values[low:high], smoothed, seconds, replaced)


def _places(curve: Curve, unit: XUnit) -> NDArray[np.float64]:
    """Return the places of all points; empty if the timeline does not have them."""
    series, timeline = curve.over(unit)
    if unit != "iteration" and (timeline is None or not len(timeline)):
        return np.empty(0)
    if unit == "iteration" or timeline is None:
        return series.xs.astype(np.float64)
    return timeline.place(series.xs, unit)
