"""What curves are read against: reference lines, bands, and the crosshair."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tui.charts.braille import BLANK, DOTS_DOWN, SOLID
from tui.charts.canvas import (
    BAND,
    RAW_STYLES,
    STYLE_NUMBERS,
    CellGrid,
    StyleName,
    codes_of,
    fit_text,
    plain_text,
)
from tui.charts.description import Band, Reference
from tui.charts.plot import Plot

# A horizontal line through the middle of a cell can't show where in the cell it is; these four dots can.
_DASHES = "⠉⠒⠤⣀"
_DASH_CODES = codes_of(_DASHES)
_SPACE = ord(" ")
_EDGE_SPACING, _REFERENCE_SPACING = 4, 2
_CROSSHAIR = "│"
_LABEL_DISTANCES = (0, -1, 1, -2, 2)
"""Lines from what it names at which a label may be, the best first."""
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


def draw_references(
    grid: CellGrid, plot: Plot, references: Iterable[Reference], bands: Iterable[Band], without: int | None = None
) -> None:
    """Draw lines where they hide nothing, and the ends of bands; then their labels, none of them in line `without`."""
    of_bands: list[tuple[float, str, StyleName]] = []
    for band in bands:
        for end in (band.low, band.high):
            _draw_dashes(grid, plot, end, _EDGE_SPACING, "band-edge")
        of_bands.append((band.high if math.isfinite(band.high) else band.low, band.label, "band-edge"))
    labels: list[tuple[float, str, StyleName]] = []
    for reference in references:
        _draw_dashes(grid, plot, reference.value, _REFERENCE_SPACING, "reference")
        labels.append((reference.value, reference.label, "reference"))
    for value, label, style in (*labels, *of_bands):
        _draw_label(grid, plot, value, label, style, without)


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


def _draw_label(grid: CellGrid, plot: Plot, value: float, label: str, style: StyleName, without: int | None) -> None:
    """Write the label at the line, over no curve and no other label, and over as few marks as can be.

    Where there is no such place it is left out: in a low chart, what is drawn tells more.
    """
    dot_row = plot.dot_row(value) if math.isfinite(value) else None
    label = fit_text(plain_text(label), plot.cells - 2)
    if dot_row is None or not label:
        return
    line, length = plot.top + dot_row // DOTS_DOWN, len(label) + 2
    columns = slice(plot.left, plot.right)
    best: tuple[int, int, int] | None = None
    for distance in _LABEL_DISTANCES:
        row = line + distance
        if row == without or not plot.top <= row <= plot.bottom or (best is not None and abs(distance) > 1):
            continue
        is_taken = ~_free(grid, row, columns)
        is_mark = grid.styles[row, columns] & ~np.uint8(BAND) == STYLE_NUMBERS["mark"]
        hidden = _within(is_taken, length)
        possible = np.flatnonzero(_within(is_taken & ~is_mark, length) == 0)
        if len(possible):
            start = int(possible[np.argmin(hidden[possible])])
            if best is None or hidden[start] < best[0]:
                best = int(hidden[start]), row, plot.left + start
    if best is not None:
        grid.put(best[1], best[2] + 1, label, style)


def _within(cells: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """Count the true cells of each stretch of `length` cells, by where it begins."""
    counted = np.concatenate(([0], np.cumsum(cells)))
    return counted[length:] - counted[:-length]


def _free(grid: CellGrid, rows: int | slice, columns: int | slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether writing into cells hides nothing: blank, a dash, or the inside of a curve's solid band."""
    codes, styles = grid.codes[rows, columns], grid.styles[rows, columns] & ~np.uint8(BAND)
    is_dash = (styles == STYLE_NUMBERS["reference"]) | (styles == STYLE_NUMBERS["band-edge"])
    free: NDArray[np.bool_] = (codes == _SPACE) | (codes == SOLID) | (is_dash & (codes >= BLANK))
    return free
