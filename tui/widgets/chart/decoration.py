"""What curves are read against: reference lines, bands, and the crosshair."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tui.widgets.chart.braille import BLANK, DOTS_DOWN, SOLID
from tui.widgets.chart.canvas import (
    BAND,
    RAW_STYLES,
    STYLE_NUMBERS,
    CellGrid,
    StyleName,
    codes_of,
    fit_text,
    plain_text,
)
from tui.widgets.chart.description import Band, Reference
from tui.widgets.chart.plot import Plot

# A horizontal line through the middle of a cell can't show where in the cell it is; these four dots can.
_DASHES = "⠉⠒⠤⣀"
_DASH_CODES = codes_of(_DASHES)
_SPACE = ord(" ")
_EDGE_SPACING, _REFERENCE_SPACING = 4, 2
_CROSSHAIR = "│"
_BEHIND_CROSSHAIR = [STYLE_NUMBERS["mark"], *(STYLE_NUMBERS[style] for style in RAW_STYLES)]


def drawn_references(references: Iterable[Reference]) -> list[Reference]:
    """Return those that can be drawn."""
    return [reference for reference in references if math.isfinite(reference.value)]


def drawn_bands(bands: Iterable[Band]) -> list[Band]:
    """Return those that can be drawn."""
    return [band for band in bands if band.low < band.high]


def shade_bands(grid: CellGrid, plot: Plot, bands: Iterable[Band]) -> None:
    """Put each band behind the lines whose middle is in it."""
    middles = np.arange(plot.rows) * DOTS_DOWN + (DOTS_DOWN - 1) / 2
    for band in bands:
        top, bottom = _end_row(plot, band.high), _end_row(plot, band.low)
        inside = np.flatnonzero((middles >= top) & (middles <= bottom))
        grid.styles[plot.top + inside, plot.left : plot.right] |= BAND


def draw_references(grid: CellGrid, plot: Plot, references: Iterable[Reference], bands: Iterable[Band]) -> None:
    """Draw lines where they hide nothing, and the ends of bands; then their labels."""
    labels: list[tuple[float, str, StyleName]] = []
    for band in bands:
        for end in (band.low, band.high):
            _draw_dashes(grid, plot, end, _EDGE_SPACING, "band-edge")
        labels.append((band.high if math.isfinite(band.high) else band.low, band.label, "band-edge"))
    for reference in references:
        _draw_dashes(grid, plot, reference.value, _REFERENCE_SPACING, "reference")
        labels.append((reference.value, reference.label, "reference"))
    for value, label, style in labels:
        _draw_label(grid, plot, value, label, style)


def draw_crosshair(grid: CellGrid, plot: Plot, column: int) -> None:
    """Draw a vertical line where it hides no curve in front."""
    lines = slice(plot.top, plot.bottom + 1)
    styles = grid.styles[lines, column] & ~np.uint8(BAND)
    rows = plot.top + np.flatnonzero(_free(grid, lines, column) | np.isin(styles, _BEHIND_CROSSHAIR))
    grid.codes[rows, column] = ord(_CROSSHAIR)
    grid.styles[rows, column] = grid.styles[rows, column] & BAND | STYLE_NUMBERS["crosshair"]


def _end_row(plot: Plot, value: float) -> float:
    """Find the pixel row of a band's end, beyond the plot if it isn't on the axis."""
    place = plot.axis.place(value) if math.isfinite(value) else value
    if place is None:
        place = -math.inf
    if plot.axis.low <= place <= plot.axis.high:
        return (plot.axis.high - place) / (plot.axis.high - plot.axis.low) * (plot.rows * DOTS_DOWN - 1)
    return -math.inf if place > plot.axis.high else math.inf


def _draw_dashes(grid: CellGrid, plot: Plot, value: float, spacing: int, style: StyleName) -> None:
    dot_row = plot.dot_row(value) if math.isfinite(value) else None
    if dot_row is None:
        return
    row = plot.top + dot_row // DOTS_DOWN
    columns = np.arange(plot.left, plot.right, spacing)
    columns = columns[_free(grid, row, columns)]
    grid.codes[row, columns] = _DASH_CODES[dot_row % DOTS_DOWN]
    grid.styles[row, columns] = grid.styles[row, columns] & BAND | STYLE_NUMBERS[style]


def _draw_label(grid: CellGrid, plot: Plot, value: float, label: str, style: StyleName) -> None:
    """Write the label where it hides nothing, on the line or next to it; if it can't, over the line's start."""
    dot_row = plot.dot_row(value) if math.isfinite(value) else None
    if dot_row is None:
        return
    label = fit_text(plain_text(label), plot.cells)
    line = plot.top + dot_row // DOTS_DOWN
    length = len(label) + 2
    for row in (line, line - 1, line + 1):
        if plot.top <= row <= plot.bottom and length <= plot.cells:
            free = _free(grid, row, slice(plot.left, plot.right))
            taken = np.concatenate(([0], np.cumsum(~free)))
            (starts,) = np.nonzero(taken[length:] == taken[:-length])
            if len(starts):
                grid.put(row, plot.left + int(starts[0]) + 1, label, style)
                return
    grid.put(line, plot.left, label, style)


def _free(grid: CellGrid, rows: int | slice, columns: int | slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether writing into cells hides nothing: blank, a dash, or the inside of a curve's solid band."""
    codes, styles = grid.codes[rows, columns], grid.styles[rows, columns] & ~np.uint8(BAND)
    is_dash = (styles == STYLE_NUMBERS["reference"]) | (styles == STYLE_NUMBERS["band-edge"])
    free: NDArray[np.bool_] = (codes == _SPACE) | (codes == SOLID) | (is_dash & (codes >= BLANK))
    return free
