"""Draw reference lines, bands and the crosshair of a chart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.charts.braille import BLANK, DOTS_DOWN, SOLID
from tui.charts.canvas import (
    BAND,
    MARK_STYLES,
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

# Box-drawing lines show no position within a cell; these four rows of dots do.
_DASHES = "⠉⠒⠤⣀"
_DASH_CODES = codes_of(_DASHES)
_SPACE = ord(" ")
_SPACING: dict[StyleName, int] = {"band-edge": 4, "reference": 2}
_CROSSHAIR = "│"
_LABEL_DISTANCES = (0, -1, 1, -2, 2)
"""Allowed distances of a label from its line, in lines, the best first."""
_MARKS = [STYLE_NUMBERS[style] for style in MARK_STYLES]
_BEHIND_CROSSHAIR = [*_MARKS, *(STYLE_NUMBERS[style] for style in RAW_STYLES)]


class _Label(NamedTuple):
    """Text for the line at grid row `row`."""

    row: int
    text: str
    style: StyleName


def drawn_references(references: Iterable[Reference]) -> list[Reference]:
    return [reference for reference in references if math.isfinite(reference.value)]


def drawn_bands(bands: Iterable[Band]) -> list[Band]:
    return [band for band in bands if band.low < band.high]


def shade_bands(grid: CellGrid, plot: Plot, bands: Iterable[Band]) -> None:
    """Shade each band behind the lines whose middle is inside it."""
    middles = np.arange(plot.rows) * DOTS_DOWN + (DOTS_DOWN - 1) / 2
    for band in bands:
        top, bottom = _end_row(plot, band.high), _end_row(plot, band.low)
        inside = np.flatnonzero((middles >= top) & (middles <= bottom))
        grid.styles[plot.top + inside, plot.left : plot.right] |= BAND


def draw_references(
    grid: CellGrid,
    plot: Plot,
    references: Iterable[Reference],
    bands: Iterable[Band],
    labels_of_runs: Iterable[tuple[float, str]] = (),
    without: int | None = None,
) -> None:
    """Draw references and the ends of bands where they hide nothing, then all labels, none in line `without`."""
    band_labels: list[tuple[float, str, StyleName]] = []
    for band in bands:
        for end in (band.low, band.high):
            _draw_dashes(grid, plot, end, "band-edge")
        band_labels.append((band.high if math.isfinite(band.high) else band.low, band.label, "band-edge"))
    labels: list[tuple[float, str, StyleName]] = []
    for reference in references:
        _draw_dashes(grid, plot, reference.value, "reference")
        labels.append((reference.value, reference.label, "reference"))
    labels += [(value, label, "band-edge") for value, label in labels_of_runs]
    for value, label, style in (*labels, *band_labels):
        if (row := plot.row_of(value)) is not None:
            _draw_label(grid, plot, _Label(row, fit_text(plain_text(label), plot.cells - 2), style), without)


def draw_crosshair(grid: CellGrid, plot: Plot, column: int) -> None:
    """Draw a vertical line where it hides no front curve."""
    lines = slice(plot.top, plot.bottom + 1)
    styles = grid.styles[lines, column] & ~np.uint8(BAND)
    rows = plot.top + np.flatnonzero(_free(grid, lines, column) | np.isin(styles, _BEHIND_CROSSHAIR))
    grid.codes[rows, column] = ord(_CROSSHAIR)
    grid.styles[rows, column] = grid.styles[rows, column] & BAND | STYLE_NUMBERS["crosshair"]


def _end_row(plot: Plot, value: float) -> float:
    """Return the pixel row of a band's end; infinite if it is not on the axis."""
    place = plot.axis.place(value) if math.isfinite(value) else value
    if place is None:
        place = -math.inf
    if plot.axis.low <= place <= plot.axis.high:
        return (plot.axis.high - place) / (plot.axis.high - plot.axis.low) * (plot.rows * DOTS_DOWN - 1)
    return -math.inf if place > plot.axis.high else math.inf


def _draw_dashes(grid: CellGrid, plot: Plot, value: float, style: StyleName) -> None:
    dot_row = plot.dot_row(value) if math.isfinite(value) else None
    if dot_row is None:
        return
    row = plot.top + dot_row // DOTS_DOWN
    columns = np.arange(plot.left, plot.right, _SPACING[style])
    columns = columns[_free(grid, row, columns)]
    grid.codes[row, columns] = _DASH_CODES[dot_row % DOTS_DOWN]
    grid.styles[row, columns] = grid.styles[row, columns] & BAND | STYLE_NUMBERS[style]


def _draw_label(grid: CellGrid, plot: Plot, label: _Label, without: int | None) -> None:
    """Write the label near the line, over no curve or other label, and over as few marks as possible.

    Without such a place there is no label: in a low chart, the data matter more.
    """
    if not label.text:
        return
    length = len(label.text) + 2
    columns = slice(plot.left, plot.right)
    best: tuple[int, int, int] | None = None
    for distance in _LABEL_DISTANCES:
        row = label.row + distance
        if row == without or not plot.top <= row <= plot.bottom or (best is not None and abs(distance) > 1):
            continue
        is_taken = ~_free(grid, row, columns)
        is_mark = np.isin(grid.styles[row, columns] & ~np.uint8(BAND), _MARKS)
        hidden = _within(is_taken, length)
        possible = np.flatnonzero(_within(is_taken & ~is_mark, length) == 0)
        if len(possible):
            start = int(possible[np.argmin(hidden[possible])])
            if best is None or hidden[start] < best[0]:
                best = int(hidden[start]), row, plot.left + start
    if best is not None:
        grid.put(best[1], best[2] + 1, label.text, label.style)


def _within(cells: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """Return the number of true cells in each stretch of `length` cells, by its start."""
    counted = np.concatenate(([0], np.cumsum(cells)))
    return counted[length:] - counted[:-length]


def _free(grid: CellGrid, rows: int | slice, columns: int | slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cells may be overwritten: blank, a dash, or inside a curve's solid area."""
    codes, styles = grid.codes[rows, columns], grid.styles[rows, columns] & ~np.uint8(BAND)
    is_dash = (styles == STYLE_NUMBERS["reference"]) | (styles == STYLE_NUMBERS["band-edge"])
    free: NDArray[np.bool_] = (codes == _SPACE) | (codes == SOLID) | (is_dash & (codes >= BLANK))
    return free
