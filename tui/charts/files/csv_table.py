"""The visible points of charts as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui.charts.description import ChartDescription
from tui.charts.files.points import Points, points_of
from tui.session.board.chart_source import Curve


def table_of(charts: Sequence[ChartDescription]) -> str:
    """Return all visible points as CSV: iteration, environment steps, seconds, and a column for each curve.

    With smoothing, a column of smoothed values follows each. Curves of several runs, whose steps and seconds differ,
    and points with times of their own are written one below the other, with the curve's name in the first column.
    """
    named = _named(charts)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    has_own_times = any(points.seconds is not None for _, _, points in named)
    if len({id(curve.timeline) for _, curve, _ in named}) <= 1 and not has_own_times:
        _write_side_by_side(writer, named)
    else:
        writer.writerow(("curve", "iteration", "steps", "seconds", "value", "smoothed"))
        for name, curve, points in named:
            smoothed = points.smoothed if points.smoothed is not None else np.full(len(points.values), np.nan)
            times = _times(curve, points.iterations)
            if points.seconds is not None:
                times = (*times[:2], [f"{second:.3f}" for second in points.seconds.tolist()])
            columns = (*times, _texts(points.values), _texts(smoothed, blank_nan=True))
            writer.writerows((name, *row) for row in zip(*columns, strict=True))
    return text.getvalue()


def _write_side_by_side(writer: csv.Writer, named: Sequence[tuple[str, Curve, Points]]) -> None:  # type: ignore[name-defined]
    header, columns = ["iteration", "steps", "seconds"], []
    rows = _rows(named)
    for name, _, points in named:
        for values, ending in ((points.values, ""), (points.smoothed, " smoothed")):
            if values is not None:
                header.append(name + ending)
                column = np.full(len(rows), "", dtype="U24")
                column[_places_in(rows, points.iterations)] = _texts(values)
                columns.append(column)
    writer.writerow(header)
    if named:
        writer.writerows(zip(*_times(named[0][1], rows[:, 0]), *columns, strict=True))


def _rows(named: Sequence[tuple[str, Curve, Points]]) -> NDArray[np.int64]:
    """Return the rows of all curves, shape (n, 2): iteration, and number of the point within it."""
    keys = [_keys(points.iterations) for _, _, points in named]
    return np.unique(np.concatenate(keys), axis=0) if keys else np.empty((0, 2), dtype=np.int64)


def _keys(iterations: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each point's iteration and its number among the points of that iteration, shape (k, 2)."""
    first_of_same = np.searchsorted(iterations, iterations)
    return np.stack((iterations, np.arange(len(iterations)) - first_of_same), axis=1)


def _places_in(rows: NDArray[np.int64], iterations: NDArray[np.int64]) -> NDArray[np.int64]:
    keys = _keys(iterations)
    return np.searchsorted(rows[:, 0], keys[:, 0]) + keys[:, 1]


def _times(curve: Curve, iterations: NDArray[np.int64]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return iterations, environment steps and seconds; blank where the timeline does not have them."""
    whole = [str(iteration) for iteration in iterations.tolist()]
    blank = [""] * len(whole)
    timeline = curve.timeline
    if timeline is None or not len(timeline):
        return whole, blank, blank
    units = timeline.units
    steps = [f"{value:.0f}" for value in timeline.place(iterations, "steps").tolist()] if "steps" in units else blank
    seconds = [f"{value:.3f}" for value in timeline.place(iterations, "time").tolist()] if "time" in units else blank
    return whole, steps, seconds


def _texts(values: NDArray[np.floating], blank_nan: bool = False) -> NDArray[np.str_]:
    """Return values with the fewest digits that are exact."""
    texts = values.astype("U24")
    return np.where(np.isnan(values), "", texts) if blank_nan else texts


def _named(charts: Sequence[ChartDescription]) -> list[tuple[str, Curve, Points]]:
    """Return all curves with their points under unique names; a curve on several charts is returned once."""
    found: dict[str, tuple[str, Curve, Points]] = {}
    for chart in charts:
        is_one_of_many = len(charts) > 1 and len(chart.curves) > 1
        for curve, points in zip(chart.curves, points_of(chart), strict=True):
            name = f"{chart.title}: {curve.name}" if is_one_of_many else _name(chart, curve)
            if any(known.series is curve.series for _, known, _ in found.values()):
                continue
            while name in found:
                name += " again"
            found[name] = (name, curve, points)
    return list(found.values())


def _name(chart: ChartDescription, curve: Curve) -> str:
    """Return a curve's name: the chart's title if the curve is alone there, unless that only adds a note."""
    is_alone = len(chart.curves) == 1 and bool(chart.title)
    return chart.title if is_alone and not chart.title.startswith(curve.name) else curve.name
