"""Draw the band of reference runs: where a metric normally is at each iteration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import ValueAxis
from tui.charts.braille import BLANK, DOTS_ACROSS, DOTS_DOWN
from tui.charts.canvas import BAND, STYLE_NUMBERS, CellGrid
from tui.charts.description import RunBand
from tui.charts.plot import Plot
from tui.charts.x_axis import XFrame

_DOTS = (0x01, 0x02, 0x04, 0x40)
"""Left braille dot of each of a cell's four rows."""
_SPACING = 2
"""Cells from dot to dot of the median."""


def visible_values(bands: Iterable[RunBand], frame: XFrame) -> list[float]:
    """Return lowest and highest value of each fitted band inside a frame."""
    found: list[float] = []
    for low, _, high in rows_of([band for band in bands if band.is_fitted], frame):
        if np.isfinite(low).any():
            found += [float(np.nanmin(low)), float(np.nanmax(high))]
    return found


def shade_run_bands(grid: CellGrid, plot: Plot, bands: Iterable[RunBand]) -> None:
    """Shade each band, at least the cell of its median, and draw the median as dots."""
    tops = np.arange(plot.rows)[:, np.newaxis] * DOTS_DOWN
    area = slice(plot.top, plot.top + plot.rows), slice(plot.left, plot.right)
    for low, median, high in rows_of(bands, plot.frame):
        cells = (plot.rows, plot.cells)
        by_cell = [_rows(values, plot)[::DOTS_ACROSS] for values in (high, median, low)]
        top, middle, bottom = (np.broadcast_to(rows, cells) for rows in by_cell)
        centre = tops + (DOTS_DOWN - 1) / 2
        has_median = (middle >= tops) & (middle < tops + DOTS_DOWN)
        grid.styles[area][((centre >= top) & (centre <= bottom)) | has_median] |= BAND
        for row, column in np.argwhere(has_median[:, ::_SPACING]).tolist():
            at = plot.top + row, plot.left + column * _SPACING
            grid.codes[at] = BLANK + _DOTS[int(middle[row, column * _SPACING]) % DOTS_DOWN]
            grid.styles[at] = grid.styles[at] & BAND | STYLE_NUMBERS["band-edge"]


def label_of(band: RunBand, plot: Plot) -> tuple[float, str] | None:
    """Return the value beside which a band's label stands: a median, else a middle. None if it is out of sight."""
    for low, median, high in rows_of([band], plot.frame):
        visible = median[np.isfinite(median)]
        visible = visible if len(visible) else ((low + high) / 2)[np.isfinite(low + high)]
        return (float(visible[len(visible) // 2]), band.label) if len(visible) and band.label else None
    return None


def places_of(frame: XFrame) -> NDArray[np.float64]:
    """Return the place in the middle of each pixel column."""
    return np.asarray(frame.low + np.arange(frame.columns) * frame.spacing, dtype=np.float64)


def rows_of(bands: Iterable[RunBand], frame: XFrame) -> Iterator[tuple[NDArray[np.float64], ...]]:
    """Yield low, median and high at each pixel column; NaN outside of a band's iterations.

    Nothing on an x axis of another unit.
    """
    if frame.unit != "iteration":
        return
    places = places_of(frame)
    for band in bands:
        rows = (band.low, band.median, band.high)
        yield tuple(np.interp(places, band.iterations, row, left=np.nan, right=np.nan) for row in rows)


def _rows(values: NDArray[np.float64], plot: Plot) -> NDArray[np.float64]:
    """Return pixel rows of values, 0 at the top; NaN where a value has none."""
    axis: ValueAxis = plot.axis
    with np.errstate(divide="ignore", invalid="ignore"):
        heights = np.log10(np.where(values > 0, values, np.nan)) if axis.log else values
        return np.asarray(np.rint((axis.high - heights) / (axis.high - axis.low) * (plot.rows * DOTS_DOWN - 1)))
