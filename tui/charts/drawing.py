"""Paint a chart on a grid of cells from its description, independent of any screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import LABEL_WIDTH, ValueAxis
from tui.charts.braille import BLANK, DOTS_ACROSS, EVERY_OTHER
from tui.charts.canvas import BAND, RAW_STYLES, SERIES_STYLES, STYLE_NUMBERS, CellGrid, StyleName
from tui.charts.decoration import draw_crosshair, draw_references, drawn_bands, drawn_references, shade_bands
from tui.charts.description import ChartDescription
from tui.charts.framed_curves import FramedCurves
from tui.charts.legend import CURVE_GLYPHS, Entry, draw_title
from tui.charts.mark_lines import (
    draw_mark_lines,
    draw_mark_signs,
    draw_named_marks,
    mark_styles,
    marks_by_column,
    placed_marks,
)
from tui.charts.plot import Plot, draw_value_axis, draw_x_axis
from tui.charts.run_band import label_of, shade_run_bands
from tui.charts.stack import draw_stack_legend, legend_width, paint_stack
from tui.charts.trace import CurveTraces
from tui.charts.view import Range
from tui.charts.x_axis import XFrame, place_of
from tui.session.interventions.marks import Mark

SMALLEST_WIDTH = 12
"""Cells; a narrower chart shows only its title and latest value."""
SMALLEST_HEIGHT = 4
"""Lines; a lower chart shows only its title and latest value."""
ROOMY_HEIGHT = 8
"""Lines; from this height on, the x axis and the labels of marks have their own lines."""
ALIGNED_WIDTH = 40
"""Cells; from this width on, plots of equal width start in the same column, whatever their labels."""
NO_DATA = "no data yet"

_SIGNS_ROW = 1
"""Line of the signs of marks: above the plot, or its first line in a low chart."""
_NEGLIGIBLE = 1e-6
"""A smoothed value that is a smaller share of its axis is shown as 0."""
_GAP = ord("×")
_NON_POSITIVE = ord("≤")  # values <= 0 on a logarithmic axis


class Painter:
    """Paints one chart repeatedly and caches what a new point does not change: axes, marks, columns, dots."""

    def __init__(self) -> None:
        self.plot: Plot | None = None
        """Position of the curves as last painted; None if no curve was painted."""
        self._curves = FramedCurves()
        self._narrowest = FramedCurves()
        self._backdrop: tuple[object, CellGrid] | None = None

    def paint(self, chart: ChartDescription) -> CellGrid:
        """Paint `height` lines of exactly `width` cells; an empty grid if either is below 1. Never raises."""
        grid = CellGrid(max(chart.width, 0), max(chart.height, 0))
        self.plot = None
        if not grid.width or not grid.height:
            return grid
        self._curves.keep(chart.curves)
        if chart.width >= SMALLEST_WIDTH and chart.height >= SMALLEST_HEIGHT:
            has_points = any(curve.series.count for curve in chart.curves)
            extent = (chart.extent or _own_extent(chart)) if has_points else None
            if extent is None:
                grid.put(chart.height // 2, (chart.width - len(NO_DATA)) // 2, NO_DATA, "label")
            elif chart.is_stacked:
                grid.paste(self._paint_plot(replace(chart, width=chart.width - legend_width(chart.width)), extent))
            else:
                grid = self._paint_plot(chart, extent)
        self._draw_names(grid, chart)
        return grid

    def _draw_names(self, grid: CellGrid, chart: ChartDescription) -> None:
        """Write the title, and the names and values of the curves into its line or beside a stack."""
        crosshair = self._crosshair(chart)
        entries = [
            Entry(one.curve.name, glyph, style, self._readout(one, crosshair))
            for one, glyph, style in zip(self._curves.traces, CURVE_GLYPHS, SERIES_STYLES, strict=False)
        ]
        value_style: StyleName = "value" if crosshair is None else "readout"
        if chart.is_stacked and legend_width(chart.width) and self.plot is not None:
            draw_stack_legend(grid, self.plot, entries, value_style)
            entries = []
        draw_title(grid, chart.title, entries, value_style)

    def _readout(self, traces: CurveTraces, crosshair: float | None) -> float | None:
        if crosshair is None or self._curves.frame is None:
            return traces.curve.series.last
        value = traces.value_at(crosshair, self._curves.frame)
        if value is None or self.plot is None or traces.smooth is None or self.plot.axis.log:
            return value
        axis = self.plot.axis  # an average of zeros never quite reaches 0: 1.7e-25
        return value if abs(value) > _NEGLIGIBLE * (axis.high - axis.low) else 0.0

    def _crosshair(self, chart: ChartDescription) -> float | None:
        """Return the place of the crosshair if it is visible."""
        place = chart.view.crosshair
        return place if self.plot is not None and place is not None and self.plot.frame.holds(place) else None

    def _paint_plot(self, chart: ChartDescription, extent: Range) -> CellGrid:
        visible = chart.view.visible(extent)
        marks = placed_marks(chart.marks, chart.view.unit, visible)
        roomy = chart.height >= ROOMY_HEIGHT
        top = 2 if roomy and marks else 1
        rows = chart.height - top - (2 if roomy else 1)
        frame, axis = self._fitted(chart, visible, most_ticks=max(3, min(5, (rows + 1) // 2)))
        cells = frame.columns // DOTS_ACROSS
        plot = Plot(left=chart.width - cells, top=top, cells=cells, rows=rows, frame=frame, axis=axis)
        self.plot = plot
        by_column = marks_by_column(plot, marks)
        grid = self._backdrop_of(chart, plot, by_column).copy()
        if chart.is_stacked:
            paint_stack(grid, plot, self._curves.bands)
            draw_mark_lines(grid, plot, mark_styles(by_column))  # the areas would hide them
        else:
            self._paint_curves(grid, plot)
        references, bands = drawn_references(chart.references), drawn_bands(chart.bands)
        labels = [label for band in chart.run_bands if (label := label_of(band, plot)) is not None]
        draw_references(grid, plot, references, bands, labels, without=_SIGNS_ROW if by_column else None)
        near: list[Mark] = []
        if (place := self._crosshair(chart)) is not None:
            column = plot.column(place)
            near = [mark for at in (column - 1, column, column + 1) for mark in by_column.get(at, [])]
            draw_crosshair(grid, plot, column)
        draw_mark_signs(grid, plot, by_column, _SIGNS_ROW, labelled=roomy and not near)
        if near:
            draw_named_marks(grid, plot, near, column=column, row=_SIGNS_ROW)
        return grid

    def _fitted(self, chart: ChartDescription, visible: Range, most_ticks: int) -> tuple[XFrame, ValueAxis]:
        """Return the pixel columns and the value axis, whose labels narrow the plot.

        The columns decide what a smoothed curve's ends are, so two widths may both fit. The labels of the narrowest
        plot decide; otherwise the picture would depend on the one before.
        """
        narrowest = cells = chart.width - 1 - LABEL_WIDTH
        if chart.width < ALIGNED_WIDTH:
            self._narrowest.update(chart, visible, narrowest * DOTS_ACROSS)
            cells = chart.width - 1 - self._narrowest.axis(chart, most_ticks).label_width
        frame = self._curves.update(chart, visible, cells * DOTS_ACROSS)
        axis = self._curves.axis(chart, most_ticks)
        if axis.label_width > chart.width - 1 - cells:
            frame = self._curves.update(chart, visible, narrowest * DOTS_ACROSS)
            axis = self._curves.axis(chart, most_ticks)
        return frame, axis

    def _backdrop_of(self, chart: ChartDescription, plot: Plot, marks: dict[int, list[Mark]]) -> CellGrid:
        """Return everything behind and around the curves; cached until one of its inputs changes."""
        styles = mark_styles(marks)
        key = (chart.width, chart.height, plot, styles, chart.bands, chart.run_bands)
        if self._backdrop is None or self._backdrop[0] != key:
            grid = CellGrid(chart.width, chart.height)
            draw_mark_lines(grid, plot, styles)
            shade_bands(grid, plot, drawn_bands(chart.bands))
            shade_run_bands(grid, plot, chart.run_bands)
            draw_value_axis(grid, plot)
            draw_x_axis(grid, plot, with_line=chart.height >= ROOMY_HEIGHT)
            self._backdrop = key, grid
        return self._backdrop[1]

    def _paint_curves(self, grid: CellGrid, plot: Plot) -> None:
        """Paint raw and replaced curves as a checkerboard of their dots, and the smoothed and newest ones in front."""
        traces = self._curves.traces
        if any(one.replaced is not None for one in traces):
            nothing = np.zeros((plot.rows, plot.cells), dtype=np.uint32)
            replaced = [one.replaced.bits(plot.axis, plot.rows) if one.replaced else nothing for one in traces]
            _put_dots(grid, plot, [bits & EVERY_OTHER for bits in replaced], RAW_STYLES)
        if any(one.smooth is not None for one in traces):
            raw = [one.plain.bits(plot.axis, plot.rows) & EVERY_OTHER for one in traces]
            _put_dots(grid, plot, raw, RAW_STYLES)
        _put_dots(grid, plot, [one.shown.bits(plot.axis, plot.rows) for one in traces], SERIES_STYLES)
        for one in traces:
            _put_in_last_line(grid, plot, one.plain.non_positive, _NON_POSITIVE)
            _put_in_last_line(grid, plot, one.plain.non_finite, _GAP)
        if len(traces) > 1:
            self._paint_ends(grid, plot)

    def _paint_ends(self, grid: CellGrid, plot: Plot) -> None:
        """Put each curve's glyph after its last point; left of another curve's glyph if that is in the way."""
        taken: set[tuple[int, int]] = set()
        for traces, glyph, style in zip(self._curves.traces, CURVE_GLYPHS, SERIES_STYLES, strict=False):
            end = traces.shown.end()
            if end is None:
                continue
            column = min(plot.left + end[0] // DOTS_ACROSS + 1, plot.right - 1)
            row = plot.tick_row(min(max(end[1], plot.axis.low), plot.axis.high))
            while (row, column) in taken:
                column -= 1
            taken.add((row, column))
            grid.put(row, column, glyph, style)


def _own_extent(chart: ChartDescription) -> Range | None:
    """Return the range of the curves' data on the x axis."""
    unit = chart.view.unit
    places: list[float | None] = []
    for one in [one for curve in chart.curves for one in (curve, curve.replaced) if one is not None]:
        series, timeline = one.over(unit)
        first, last = series.first_iteration, series.last_iteration
        if first is not None and last is not None:
            places += [place_of(first, unit, timeline), place_of(last, unit, timeline)]
    known = [place for place in places if place is not None]
    return (min(known), max(known)) if known else None


def _put_dots(grid: CellGrid, plot: Plot, layers: Sequence[NDArray[np.uint32]], styles: Sequence[StyleName]) -> None:
    """Write the combined dots of all layers; the last layer with dots in a cell gives its colour."""
    area = slice(plot.top, plot.top + plot.rows), slice(plot.left, plot.right)
    codes, numbers = grid.codes[area], grid.styles[area]
    together = np.zeros(codes.shape, dtype=np.uint32)
    for layer, style in zip(layers, styles, strict=False):
        together |= layer
        np.copyto(numbers, numbers & BAND | STYLE_NUMBERS[style], where=layer != 0)
    np.copyto(codes, together + BLANK, where=together != 0)


def _put_in_last_line(grid: CellGrid, plot: Plot, pixels: NDArray[np.bool_], code: int) -> None:
    if pixels.any():
        columns = plot.left + np.unique(np.flatnonzero(pixels) // DOTS_ACROSS)
        grid.codes[plot.bottom, columns] = code
        grid.styles[plot.bottom, columns] = grid.styles[plot.bottom, columns] & BAND | STYLE_NUMBERS["gap"]
