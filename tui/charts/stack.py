"""Stacked areas: bands above and below zero, as arrays and as cells of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import ValueAxis, value_axis
from tui.charts.braille import BLANK, DOTS_ACROSS, DOTS_DOWN, braille_bits
from tui.charts.canvas import BAND, SERIES_STYLES, STYLE_NUMBERS, CellGrid, StyleName, fit_text, plain_text
from tui.charts.legend import CURVE_GLYPHS, Entry
from tui.charts.plot import Plot
from tui.session.metrics.pyramid import Columns

_LEAST_WITH_LEGEND, _WIDEST_LEGEND = 64, 36
_PATTERNS = (
    ((1, 1), (1, 1), (1, 1), (1, 1)),
    ((1, 0), (0, 1), (1, 0), (0, 1)),
    ((1, 1), (0, 0), (1, 1), (0, 0)),
    ((1, 0), (0, 0), (0, 1), (0, 0)),
)
"""Dots of a cell in neighbouring bands: all, a checkerboard, lines, few; colour is not needed to see where one ends."""
_LEAST_FOR_SIGN = DOTS_DOWN
"""Dots of a band's height that has room for its sign."""


class Bands(NamedTuple):
    """Ends of n columns of each band, shape (bands, n); NaN before the first value and after the last."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def legend_width(width: int) -> int:
    """Return the cells of the list right of a stacked chart of this width; 0 where its legend is in the title line."""
    return min(width // 3, _WIDEST_LEGEND) if width >= _LEAST_WITH_LEGEND else 0


def stacked(values: NDArray[np.float64]) -> Bands:
    """Stack values, shape (bands, n): positive ones upwards from 0, negative ones downwards, in their order."""
    known = np.nan_to_num(values, nan=0.0)
    up, down = np.maximum(known, 0.0), np.minimum(known, 0.0)
    tops, bottoms = np.cumsum(up, axis=0), np.cumsum(down, axis=0)
    low = np.where(known >= 0, tops - up, bottoms)
    high = np.where(known >= 0, tops, bottoms - down)
    is_unknown = np.isnan(values)
    return Bands(np.where(is_unknown, np.nan, low), np.where(is_unknown, np.nan, high))


def column_values(columns: Columns) -> NDArray[np.float64]:
    """Return the middle of each column's values, shape (n,), interpolated between columns that have some."""
    places = np.flatnonzero(columns.filled)
    if not len(places):
        return np.full(len(columns.filled), np.nan)
    middles = (columns.low[places] + columns.high[places]) / 2
    every = np.arange(len(columns.filled))
    return np.interp(every, places, middles, left=np.nan, right=np.nan)


def stack_axis(bands: Bands, most_ticks: int) -> ValueAxis:
    """Return the axis that shows all bands and 0."""
    ends = np.concatenate([bands.low[np.isfinite(bands.low)], bands.high[np.isfinite(bands.high)], [0.0]])
    return value_axis(float(ends.min()), float(ends.max()), most_ticks)


def paint_stack(grid: CellGrid, plot: Plot, bands: Bands) -> None:
    """Fill the bands, and put the sign of each near its right end where it is high enough."""
    dots = plot.rows * DOTS_DOWN
    heights = np.linspace(plot.axis.high, plot.axis.low, dots)[:, np.newaxis]
    inside = [(heights > low) & (heights <= high) for low, high in zip(bands.low, bands.high, strict=True)]
    if plot.axis.low < 0 < plot.axis.high:  # a line between what is above and what is below 0
        zero = int(np.abs(heights[:, 0]).argmin())
        for mask in inside:
            mask[zero] = False
    area = slice(plot.top, plot.top + plot.rows), slice(plot.left, plot.right)
    codes, numbers = grid.codes[area], grid.styles[area]
    bits = np.zeros(codes.shape, dtype=np.uint32)
    most = np.zeros(codes.shape, dtype=np.int64)
    for number, (mask, style) in enumerate(zip(inside, SERIES_STYLES, strict=False)):
        tile = np.array(_PATTERNS[number % len(_PATTERNS)], dtype=np.bool_)
        pattern = np.tile(tile, (plot.rows, plot.cells))
        bits |= braille_bits(mask & pattern)
        count = mask.reshape(plot.rows, DOTS_DOWN, plot.cells, DOTS_ACROSS).sum(axis=(1, 3))
        np.copyto(numbers, numbers & BAND | STYLE_NUMBERS[style], where=count > most)
        most = np.maximum(most, count)
    np.copyto(codes, bits + BLANK, where=bits != 0)
    for number, (mask, glyph, style) in enumerate(zip(inside, CURVE_GLYPHS, SERIES_STYLES, strict=False)):
        _put_sign(grid, plot, mask, bands.low[number], glyph=glyph, style=style)


def _put_sign(
    grid: CellGrid, plot: Plot, mask: NDArray[np.bool_], ends: NDArray[np.float64], *, glyph: str, style: StyleName
) -> None:
    filled = np.flatnonzero(np.isfinite(ends))
    if not len(filled):
        return
    column = max(int(filled[-1]) // DOTS_ACROSS - 1, 0)
    rows = np.flatnonzero(mask[:, column * DOTS_ACROSS])
    if len(rows) >= _LEAST_FOR_SIGN:
        grid.put(plot.top + int(rows[len(rows) // 2]) // DOTS_DOWN, plot.left + column, glyph, style)


def draw_stack_legend(grid: CellGrid, plot: Plot, entries: Sequence[Entry], value_style: StyleName) -> None:
    """List the bands right of the plot, one a line: sign, value and name; the rest is counted."""
    left, room = plot.right + 2, plot.rows
    shown = list(entries) if len(entries) <= room else list(entries[: room - 1])
    for row, entry in enumerate(shown, start=plot.top):
        value = "–" if entry.value is None else f"{entry.value:.0f}%"
        grid.put(row, left, entry.glyph, entry.style)
        grid.put(row, left + 2, f"{value:>4}", value_style)
        grid.put(row, left + 7, fit_text(plain_text(entry.name), grid.width - left - 7), entry.style)
    if len(shown) < len(entries):
        grid.put(plot.top + len(shown), left, f"… {len(entries) - len(shown)} more", "label")


def bands_of(columns: Iterable[Columns]) -> Bands:
    """Return the bands of the columns of curves, in the order of the curves."""
    return stacked(np.array([column_values(one) for one in columns]))
