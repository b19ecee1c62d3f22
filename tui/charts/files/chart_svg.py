"""Charts as SVG: axes, ticks, legend, raw and smoothed curves, references, bands and marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import ValueAxis, log_axis, value_axis
from tui.charts.description import ChartDescription
from tui.charts.files.mark_svg import NOTE_HEIGHT, draw_marks, mark_notes
from tui.charts.files.plot_frame import RIGHT_MARGIN, PlotFrame
from tui.charts.files.points import Points, points_of, range_of
from tui.charts.files.run_band_svg import frame_of, run_bands_svg
from tui.charts.files.stack_svg import stack_areas, stack_of_points
from tui.charts.files.svg_elements import (
    DASHES,
    LARGE,
    SMALL,
    cross,
    document,
    line,
    path,
    rectangle,
    shape,
    text,
    text_width,
)
from tui.charts.palette import Palette
from tui.charts.run_band import visible_values
from tui.charts.stack import stack_axis
from tui.charts.x_axis import place_ticks
from tui.session.metrics.timeline import XUnit
from tui.session.metrics.traits import joined_limits

SINGLE_SIZE = (960.0, 480.0)
"""Width and height in pixels of a single chart, without the list of its marks."""
GRID_SIZE = (640.0, 320.0)
"""Width and height in pixels of one of several charts."""
MAX_COLUMNS = 3

_LEFT, _BOTTOM = 64.0, 44.0
_TITLE, _LEGEND, _SIGNS = 30.0, 20.0, 20.0  # heights
_SHAPES_ON_A_CURVE = 6
_AXIS_NAMES: dict[XUnit, str] = {"steps": "environment steps", "time": "time"}


class _Area(NamedTuple):
    """Position and size of a chart in the picture, in pixels."""

    x: float
    y: float
    width: float
    height: float


def charts_svg(charts: Sequence[ChartDescription], palette: Palette, title: str) -> str:
    """Return an SVG of one chart with a list of its marks, or of several charts in a grid."""
    if len(charts) == 1:
        width, height = SINGLE_SIZE
        notes = list(mark_notes(charts[0], palette, y=height, width=width))
        body = [*_chart(charts[0], palette, _Area(0, 0, width, height)), *notes]
        height += NOTE_HEIGHT * len(notes) + (8 if notes else 0)
        return document(body, width=width, height=height, background=palette.background, title=title)
    columns = min(MAX_COLUMNS, math.ceil(math.sqrt(len(charts))))
    rows = -(-len(charts) // columns)
    width, height = GRID_SIZE
    parts = [text(16, 26, title, palette.foreground, size=LARGE, bold=True)]
    for place, chart in enumerate(charts):
        area = _Area(place % columns * width, 36 + place // columns * height, width, height)
        parts += _chart(chart, palette, area)
    width, height = columns * width, 36 + rows * height
    return document(parts, width=width, height=height, background=palette.background, title=title)


def _chart(chart: ChartDescription, palette: Palette, area: _Area) -> Iterator[str]:
    x, y, width, height = area
    yield text(x + 16, y + 22, chart.title, palette.foreground, size=LARGE, bold=True)
    yield from _legend(chart, palette, x=x + 16, y=y + _TITLE + 12, room=width - 32)
    range_ = range_of(chart)
    points = points_of(chart)
    if range_ is None or not any(len(one.values) for one in points):
        yield text(x + width / 2, y + height / 2, "no data", palette.reference, anchor="middle")
        return
    top = y + _TITLE + _LEGEND + _SIGNS
    stack = stack_of_points(points, range_) if chart.is_stacked else None
    frame = PlotFrame(
        left=x + _LEFT,
        top=top,
        right=x + width - RIGHT_MARGIN,
        bottom=y + height - _BOTTOM,
        range=range_,
        axis=_axis(chart, points) if stack is None else stack_axis(stack.bands, 8),
    )
    yield from _bands(chart, frame, palette)
    yield from run_bands_svg(chart, frame_of(chart, range_), frame.x, frame.y_inside, palette)
    yield from _axes(chart, frame, palette)
    yield from draw_marks(chart, frame, palette)
    if stack is not None:
        low, high = stack.bands
        yield from stack_areas(frame.x(stack.places), frame.y(low), frame.y(high), palette)
        return
    for number, one in enumerate(points):
        if one.replaced is not None and len(one.replaced.values):
            yield _faint(number, one.replaced, frame, palette)
    for number, (curve, one) in enumerate(zip(chart.curves, points, strict=True)):
        yield from _curve(number, one, frame, palette, curve.is_stepped)
    yield from _references(chart, frame, palette)
    for number, one in enumerate(points):
        if len(points) > 1:
            yield from _shapes(number, one, frame, palette)


def _axis(chart: ChartDescription, points: Sequence[Points]) -> ValueAxis:
    """Return an axis that includes all values, references and bands; linear if no value is positive."""
    drawn = [values for one in points for values in (one.values, one.smoothed) if values is not None]
    drawn += [one.replaced.values for one in points if one.replaced is not None]
    shown = [values[np.isfinite(values)].astype(np.float64) for values in drawn]
    fixed = [one.value for one in chart.references] + [end for one in chart.bands for end in (one.low, one.high)]
    if (range_ := range_of(chart)) is not None:
        fixed += visible_values(chart.run_bands, frame_of(chart, range_))
    values = np.concatenate([*shown, np.array([value for value in fixed if math.isfinite(value)], dtype=np.float64)])
    if chart.view.log_y and (values > 0).any():
        logs = np.log10(values[values > 0])
        return log_axis(float(logs.min()), float(logs.max()), 8)
    limits = joined_limits([curve.limits for curve in chart.curves])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return value_axis(low, high, 8, limits)


def _axes(chart: ChartDescription, frame: PlotFrame, palette: Palette) -> Iterator[str]:
    for tick in frame.axis.ticks:
        share = (tick.position - frame.axis.low) / (frame.axis.high - frame.axis.low)
        height = frame.bottom - share * (frame.bottom - frame.top)
        yield line(frame.left, height, frame.right, height, palette.panel)
        yield text(frame.left - 7, height + 4, tick.label, palette.reference, size=SMALL, anchor="end")
    cells = int((frame.right - frame.left) / text_width("0", SMALL))
    for tick in place_ticks(chart.view.unit, *frame.range, cells // 2):
        across = float(frame.x(np.array([tick.position]))[0])
        yield line(across, frame.bottom, across, frame.bottom + 5, palette.reference)
        yield text(across, frame.bottom + 17, tick.label, palette.reference, size=SMALL, anchor="middle")
    yield line(frame.left, frame.bottom, frame.right, frame.bottom, palette.reference)
    yield line(frame.left, frame.top, frame.left, frame.bottom, palette.reference)
    name = _AXIS_NAMES.get(chart.view.unit, chart.steps)
    yield text((frame.left + frame.right) / 2, frame.bottom + 34, name, palette.reference, size=SMALL, anchor="middle")


def _legend(chart: ChartDescription, palette: Palette, *, x: float, y: float, room: float) -> Iterator[str]:
    """Name the curves that have data if there are several, and state the smoothing, the scale and the band."""
    if len(chart.curves) > 1:
        drawn = [number for number, curve in enumerate(chart.curves) if curve.series.count]
        for place, number in enumerate(drawn):
            curve = chart.curves[number]
            needed = 34 + text_width(curve.name, SMALL)
            if needed > room:
                yield text(x, y, f"and {len(drawn) - place} more", palette.reference, size=SMALL)
                return
            colour = palette.series[number % len(palette.series)]
            yield line(x, y - 4, x + 20, y - 4, colour, width=2, dash=DASHES[number % len(DASHES)])
            yield shape(number, x + 10, y - 4, colour, palette.background)
            yield text(x + 25, y, curve.name, palette.foreground, size=SMALL)
            x, room = x + needed + 8, room - needed - 8
    is_smoothed = bool(chart.view.smoothing) and any(curve.is_smoothable for curve in chart.curves)
    notes = [f"smoothed ({chart.view.smoothing:g}), raw behind"] if is_smoothed else []
    notes += ["log scale"] if chart.view.log_y else []
    notes += [f"shaded: {band.label}" for band in chart.run_bands if band.label and chart.view.unit == "iteration"]
    if notes and text_width(", ".join(notes), SMALL) <= room:
        yield text(x, y, ", ".join(notes), palette.reference, size=SMALL)


def _curve(number: int, points: Points, frame: PlotFrame, palette: Palette, is_stepped: bool) -> Iterator[str]:
    colour = palette.series[number % len(palette.series)]
    dash = DASHES[number % len(DASHES)]
    x = frame.x(points.places)
    if points.smoothed is None:
        y = frame.y(points.values)
        steps = (np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]) if is_stepped else (x, y)
        yield path(*_thinned(*steps, frame), colour, width=1.6, dash=dash)
    else:
        yield _faint(number, points, frame, palette)
        yield path(*_thinned(x, frame.y(points.smoothed), frame), colour, width=2, dash=dash)
    for across in np.unique(np.round(x[~np.isfinite(points.values)], 0)).tolist():
        yield cross(across, frame.bottom - 6, palette.error)


def _faint(number: int, points: Points, frame: PlotFrame, palette: Palette) -> str:
    """Draw values behind others: raw ones behind smoothed ones, replaced ones behind newer ones."""
    colour = palette.series[number % len(palette.series)]
    return path(*_thinned(frame.x(points.places), frame.y(points.values), frame), colour, width=1, opacity=0.35)


def _thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], frame: PlotFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin out points without a visible change: of those in half a pixel, keep first, lowest, highest and last."""
    columns = np.floor((x - frame.left) * 2)
    if len(x) <= 4 * (frame.right - frame.left) * 2:
        return x, y
    starts = np.flatnonzero(np.concatenate(([True], columns[1:] != columns[:-1])))
    ends = np.concatenate((starts[1:], [len(x)])) - 1
    holes = np.minimum.reduceat(np.isfinite(y), starts)
    low = np.fmin.reduceat(y, starts)
    high = np.fmax.reduceat(y, starts)
    heights = np.stack((y[starts], low, high, y[ends], np.where(holes, y[ends], np.nan)), axis=1)
    return np.repeat((x[starts] + x[ends]) / 2, 5), heights.reshape(-1)


def _shapes(number: int, points: Points, frame: PlotFrame, palette: Palette) -> Iterator[str]:
    """Put a curve's shape on it at some places, so that it is recognizable without colour."""
    values = points.values if points.smoothed is None else points.smoothed
    rows = np.flatnonzero(np.isfinite(frame.y(values)))
    if not len(rows):
        return
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, _SHAPES_ON_A_CURVE + 1).astype(int)[1:])]
    for x, y in zip(frame.x(points.places[chosen]), frame.y(values[chosen]), strict=True):
        yield shape(number, float(x), float(y), palette.series[number % len(palette.series)], palette.background)


def _references(chart: ChartDescription, frame: PlotFrame, palette: Palette) -> Iterator[str]:
    for one in chart.references:
        height = frame.y_of(one.value)
        if math.isfinite(height):
            yield line(frame.left, height, frame.right, height, palette.reference, width=1.2, dash="6 4")
            yield text(frame.right - 4, height - 4, one.label, palette.reference, size=SMALL, anchor="end")


def _bands(chart: ChartDescription, frame: PlotFrame, palette: Palette) -> Iterator[str]:
    for one in chart.bands:
        ends = [frame.y_of(end) for end in (one.low, one.high)]
        bottom = ends[0] if math.isfinite(ends[0]) else frame.bottom
        top = ends[1] if math.isfinite(ends[1]) else frame.top
        yield rectangle(frame.left, top, frame.right - frame.left, bottom - top, palette.band)
        for height in (top, bottom):
            yield line(frame.left, height, frame.right, height, palette.reference, width=0.7, dash="1 3")
        yield text(frame.left + 5, top + 12, one.label, palette.reference, size=SMALL)
