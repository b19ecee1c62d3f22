"""A chart's picture as lines of styled text, from a description of the chart. Nothing here knows about a screen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.session.marks import MARK_SIGNS, Mark
from tui.session.series import Columns, Series
from tui.widgets.chart.axes import (
    LABEL_WIDTH,
    Plot,
    draw_iteration_axis,
    draw_value_axis,
    format_value,
    rounded_end,
    value_axis,
)
from tui.widgets.chart.canvas import (
    DOTS_ACROSS,
    DOTS_DOWN,
    CellGrid,
    Line,
    Segment,
    SeriesStyle,
    braille_character,
    braille_codes,
    curve_dots,
    fit_text,
    plain_text,
)

SMALLEST_WIDTH = 12
"""Cells; a narrower chart shows only its title and latest value."""
SMALLEST_HEIGHT = 4
"""Lines; a lower chart shows only its title and latest value."""
ROOMY_HEIGHT = 8
"""Lines; from here on, the iteration axis has a line of its own, and marks have one for their labels."""
ALIGNED_WIDTH = 40
"""Cells; from here on, all charts of one width start their curves in the same column, whatever their labels."""
CURVE_GLYPHS = "●■▲★"
"""What tells the curves of one chart apart without colour: at the end of each curve and in the title line.

None of them is the sign of a mark.
"""
NO_DATA = "no data yet"

_SHORT_NAME, _SHORTEST_NAME = 4, 3  # characters of a name in a narrow legend
_GAP = "×"
_MARK_LINE = "┊"
# A horizontal line through the middle of a cell can't show where in the cell it is; these four dots can.
_REFERENCE_DASHES = "⠉⠒⠤⣀"
_SOLID = "⣿"


@dataclass(frozen=True)
class Curve:
    """One series of a chart: its name in the legend, its values and the style that tells it apart."""

    name: str
    series: Series
    style: SeriesStyle = "series-1"


@dataclass(frozen=True)
class Reference:
    """A dashed horizontal line at a value; the value axis always reaches it. Not drawn if the value isn't finite."""

    value: float
    label: str


@dataclass(frozen=True)
class ChartDescription:
    """All that a picture of a chart depends on.

    `width` and `height` are in cells. `iterations` is the range on the x axis, first and last, the last not before
    the first; None shows all the data.
    """

    title: str
    width: int
    height: int
    curves: tuple[Curve, ...] = ()
    references: tuple[Reference, ...] = ()
    marks: tuple[Mark, ...] = ()
    iterations: tuple[int, int] | None = None


def draw(chart: ChartDescription) -> list[Line]:
    """Draw `height` lines of exactly `width` cells; no line at all if either is below 1. Never raises."""
    if chart.width < 1 or chart.height < 1:
        return []
    grid = CellGrid(chart.width, chart.height)
    _draw_title(grid, chart)
    if chart.width >= SMALLEST_WIDTH and chart.height >= SMALLEST_HEIGHT:
        iterations = chart.iterations or _all_iterations(chart.curves)
        if iterations is None:
            grid.put(chart.height // 2, (chart.width - len(NO_DATA)) // 2, NO_DATA, "label")
        else:
            _draw_plot(grid, chart, *iterations)
    return grid.lines()


def _all_iterations(curves: Iterable[Curve]) -> tuple[int, int] | None:
    firsts = [curve.series.first_iteration for curve in curves if curve.series.first_iteration is not None]
    lasts = [curve.series.last_iteration for curve in curves if curve.series.last_iteration is not None]
    return (min(firsts), rounded_end(min(firsts), max(lasts))) if firsts else None


def _draw_title(grid: CellGrid, chart: ChartDescription) -> None:
    """Put the title on the left and, as far as there is room, the latest value of each curve on the right."""
    title = plain_text(chart.title)
    legend = _legend(chart.curves, grid.width - 1 - min(len(title), 6))
    column = max(0, grid.width - sum(len(text) for text, _ in legend))
    grid.put(0, 0, fit_text(title, column - 1 if legend else grid.width), "title")
    for text, style in legend:
        grid.put(0, column, fit_text(text, grid.width - column), style)
        column += len(text)


def _legend(curves: tuple[Curve, ...], room: int) -> Line:
    """Choose the most that fits in `room` cells of names and values, but at least the first curve's value."""
    values = ["–" if curve.series.last is None else format_value(curve.series.last) for curve in curves]
    if all(curve.series.last is None for curve in curves):
        return ()
    if len(curves) > 1:
        names = [plain_text(curve.name) for curve in curves]
        short_names = [fit_text(name, _SHORT_NAME) for name in names]
        shortest, nothing = [name[:_SHORTEST_NAME] for name in names], [""] * len(curves)
        ways = ((names, values), (short_names, values), (shortest, values), (names, nothing), (nothing, values))
        for left, right in ways:
            legend = _legend_of(curves, left, right)
            if sum(len(text) for text, _ in legend) <= room:
                return legend
    return ((values[0], "value"),)


def _legend_of(curves: tuple[Curve, ...], names: list[str], values: list[str]) -> Line:
    segments: list[Segment] = []
    for curve, glyph, name, value in zip(curves, _glyphs(curves), names, values, strict=True):
        segments += [("  ", "plain"), (f"{glyph} {name}".rstrip(), curve.style)]
        if value:
            segments += [(" ", "plain"), (value, "value")]
    return tuple(segments[1:])


def _glyphs(curves: tuple[Curve, ...]) -> list[str]:
    return [CURVE_GLYPHS[index % len(CURVE_GLYPHS)] for index in range(len(curves))]


def _draw_plot(grid: CellGrid, chart: ChartDescription, first: int, last: int) -> None:
    marks = [mark for mark in chart.marks if first <= mark.iteration <= last]
    roomy = chart.height >= ROOMY_HEIGHT
    top = 2 if roomy and marks else 1
    rows = chart.height - top - (2 if roomy else 1)
    references = [reference for reference in chart.references if math.isfinite(reference.value)]
    axis = value_axis(*_extremes(chart.curves, references, first, last), most_ticks=max(3, min(5, (rows + 1) // 2)))
    label_width = LABEL_WIDTH if chart.width >= ALIGNED_WIDTH else max(len(tick.label) for tick in axis.ticks)
    left = label_width + 1
    plot = Plot(left, top, chart.width - left, rows, first, last, axis)

    marks_by_column = _marks_by_column(plot, marks)
    for column in marks_by_column:
        for row in range(plot.top, plot.bottom + 1):
            grid.put(row, column, _MARK_LINE, "mark")
    _draw_curves(grid, plot, chart.curves)
    for reference in references:
        _draw_reference(grid, plot, reference)
    for reference in references:
        _draw_reference_label(grid, plot, reference)
    _draw_marks(grid, marks_by_column, row=1, labelled=roomy)
    draw_value_axis(grid, plot)
    draw_iteration_axis(grid, plot, with_line=roomy)


def _extremes(curves: Iterable[Curve], references: Iterable[Reference], first: int, last: int) -> tuple[float, float]:
    """Find the smallest and largest finite value to show; 0 and 0 if there is none."""
    values = [reference.value for reference in references]
    for curve in curves:
        column = curve.series.columns(first, last, 1)
        if column.filled[0]:
            values += [float(column.low[0]), float(column.high[0])]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _draw_curves(grid: CellGrid, plot: Plot, curves: tuple[Curve, ...]) -> None:
    pixels = plot.cells * DOTS_ACROSS
    combined: NDArray[np.uint32] = np.zeros((plot.rows, plot.cells), dtype=np.uint32)
    all_columns = [curve.series.columns(plot.first, plot.last, pixels) for curve in curves]
    for curve, columns in zip(curves, all_columns, strict=True):
        codes = braille_codes(curve_dots(columns, plot.axis.low, plot.axis.high, plot.rows * DOTS_DOWN))
        combined |= codes
        for row, column in zip(*(index.tolist() for index in np.nonzero(codes)), strict=True):
            character = braille_character(int(combined[row, column]))
            grid.put(plot.top + row, plot.left + column, character, curve.style)
    for columns in all_columns:
        for cell in set((np.flatnonzero(columns.non_finite) // DOTS_ACROSS).tolist()):
            grid.put(plot.bottom, plot.left + cell, _GAP, "gap")
    if len(curves) > 1:
        _draw_curve_ends(grid, plot, curves, all_columns)


def _draw_curve_ends(grid: CellGrid, plot: Plot, curves: tuple[Curve, ...], all_columns: list[Columns]) -> None:
    """Put each curve's glyph behind its last point; where another curve's glyph already is, to the left of that."""
    taken: set[tuple[int, int]] = set()
    for curve, glyph, columns in zip(curves, _glyphs(curves), all_columns, strict=True):
        filled = np.flatnonzero(columns.filled)
        if not len(filled):
            continue
        column = min(plot.left + int(filled[-1]) // DOTS_ACROSS + 1, plot.right - 1)
        middle = columns.low[filled[-1]] / 2 + columns.high[filled[-1]] / 2
        row = plot.row(middle)
        while (row, column) in taken:
            column -= 1
        taken.add((row, column))
        grid.put(row, column, glyph, curve.style)


def _draw_reference(grid: CellGrid, plot: Plot, reference: Reference) -> None:
    row = plot.row(reference.value)
    dash = _REFERENCE_DASHES[plot.dot_row(reference.value) % DOTS_DOWN]
    for column in range(plot.left, plot.right, 2):
        if _is_free(grid, row, column):
            grid.put(row, column, dash, "reference")


def _draw_reference_label(grid: CellGrid, plot: Plot, reference: Reference) -> None:
    """Write the label where it hides nothing, on the line or next to it; if it can't, over the line's start."""
    label = fit_text(plain_text(reference.label), plot.cells)
    line = plot.row(reference.value)
    for row in (line, line - 1, line + 1):
        if plot.top <= row <= plot.bottom:
            free = [_is_free(grid, row, column) for column in range(plot.left, plot.right)]
            for start in range(1, plot.cells - len(label)):
                if all(free[start - 1 : start + len(label) + 1]):
                    grid.put(row, plot.left + start, label, "reference")
                    return
    grid.put(line, plot.left, label, "reference")


def _is_free(grid: CellGrid, row: int, column: int) -> bool:
    """Whether writing into this cell hides nothing: blank, a dash, or the inside of a curve's solid band."""
    character, style = grid.at(row, column)
    return character in (" ", _SOLID) or (style == "reference" and character in _REFERENCE_DASHES)


def _marks_by_column(plot: Plot, marks: list[Mark]) -> dict[int, list[Mark]]:
    by_column: dict[int, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.iteration):
        by_column.setdefault(plot.column(mark.iteration), []).append(mark)
    return by_column


def _draw_marks(grid: CellGrid, marks_by_column: dict[int, list[Mark]], row: int, labelled: bool) -> None:
    """Put the sign of its kind at each mark, and next to it its label if it fits.

    Where several share a cell, it is the most important's, with their number behind it, or before it at the edge.
    """
    free_from = 0
    for column, marks in marks_by_column.items():
        sign, count = _sign(marks), _count(marks)
        free_until = min((other - 1 for other in marks_by_column if other > column), default=grid.width)
        start, end = column, column + 1
        grid.put(row, column, sign, "mark")
        if end + len(count) <= free_until:
            grid.put(row, end, count, "mark")
            end += len(count)
        elif start - len(count) >= free_from:
            start -= len(count)
            grid.put(row, start, count, "mark")
        label = plain_text(", ".join(mark.label for mark in marks))
        room_before, room_behind = start - 1 - free_from, free_until - end - 1
        free_from = end + 1
        if not labelled:
            continue
        if room_behind < len(label) <= room_before:
            grid.put(row, start - 1 - len(label), label, "mark")
        elif room_behind >= min(len(label), 4):
            grid.put(row, end + 1, fit_text(label, room_behind), "mark")
            free_from += min(len(label), room_behind) + 1


def _sign(marks: list[Mark]) -> str:
    kinds = {mark.kind for mark in marks}
    return next(sign for kind, sign in MARK_SIGNS.items() if kind in kinds)


def _count(marks: list[Mark]) -> str:
    if len(marks) == 1:
        return ""
    return str(len(marks)) if len(marks) < 10 else "+"
