"""The frame of a plot in a picture: places and values as coordinates in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.charts.axes import ValueAxis
from tui.charts.view import Range

RIGHT_MARGIN = 18.0
"""Pixels to the right of a plot."""


@dataclass(frozen=True, kw_only=True)
class PlotFrame:
    """The plot's edges in pixels, and the axes between them."""

    left: float
    top: float
    right: float
    bottom: float
    range: Range
    axis: ValueAxis

    def x(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = self.range
        share = (places - low) / (high - low) if high > low else np.full(len(places), 0.5)
        return self.left + share * (self.right - self.left)

    def y_inside(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return y coordinates as `y`, those beyond the axis at its ends."""
        return np.clip(self.y(values), self.top, self.bottom)

    def y(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the y coordinates of values; NaN where a value has none."""
        heights = values.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.axis.log:
                heights = np.log10(np.where(heights > 0, heights, np.nan))
            share = (heights - self.axis.low) / (self.axis.high - self.axis.low)
        share = np.where(np.isfinite(heights), share, np.nan)
        placed: NDArray[np.float64] = self.bottom - share * (self.bottom - self.top)
        return placed

    def y_of(self, value: float) -> float:
        return float(self.y(np.array([value]))[0])
