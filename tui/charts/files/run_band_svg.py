"""Bands of reference runs as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tui.charts.description import ChartDescription
from tui.charts.files.svg_elements import path, polygon
from tui.charts.palette import Palette
from tui.charts.run_band import places_of, rows_of
from tui.charts.view import Range
from tui.charts.x_axis import XFrame

COLUMNS = 240
"""Places at which a band has corners."""

ToPixels = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def frame_of(chart: ChartDescription, range_: Range) -> XFrame:
    """Return the frame in which the bands are drawn."""
    return XFrame(chart.view.unit, *range_, COLUMNS)


def run_bands_svg(chart: ChartDescription, frame: XFrame, x: ToPixels, y: ToPixels, palette: Palette) -> Iterator[str]:
    """Yield band and median of each; `x` and `y` return the pixels of places and of values."""
    across = x(places_of(frame))
    for low, median, high in rows_of(chart.run_bands, frame):
        bottom, middle, top = y(low), y(median), y(high)
        known = np.isfinite(bottom) & np.isfinite(top)
        if not known.any():
            continue
        yield polygon(across[known], top[known], bottom[known], palette.band, palette.background)
        yield path(across, middle, palette.reference, width=1, dash="1 3")
