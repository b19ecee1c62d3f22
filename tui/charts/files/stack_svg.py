"""Stacked areas as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.charts.files.points import Points
from tui.charts.files.svg_elements import polygon, shape
from tui.charts.palette import Palette
from tui.charts.stack import Bands, stacked
from tui.charts.view import Range

COLUMNS = 480
"""Places at which the areas have corners; values between two are averaged."""
_SIGN_AT = 0.92
"""Place of a band's sign, as a share of the filled columns."""


class PlacedBands(NamedTuple):
    """Bands at places of the x axis, shape (n,)."""

    places: NDArray[np.float64]
    bands: Bands


def stack_of_points(points: Sequence[Points], range_: Range) -> PlacedBands:
    """Stack the points of each curve, smoothed where they are."""
    edges = np.linspace(*range_, COLUMNS + 1) if range_[1] > range_[0] else np.array([range_[0], range_[0] + 1.0])
    places = (edges[:-1] + edges[1:]) / 2
    return PlacedBands(places, stacked(np.array([_averages(one, edges, places) for one in points])))


def _averages(points: Points, edges: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the finite values between two edges each, interpolated where there are none."""
    values = (points.values if points.smoothed is None else points.smoothed).astype(np.float64)
    finite = np.isfinite(values)
    columns = np.clip(np.searchsorted(edges, points.places[finite], side="right") - 1, 0, len(places) - 1)
    counts = np.bincount(columns, minlength=len(places))
    filled = np.flatnonzero(counts)
    if not len(filled):
        return np.full(len(places), np.nan)
    means = np.bincount(columns, values[finite], len(places))[filled] / counts[filled]
    return np.interp(places, places[filled], means, left=np.nan, right=np.nan)


def stack_areas(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], palette: Palette
) -> Iterator[str]:
    """Yield the areas between `low` and `high`, shape (bands, n) in pixels at `x`, each with its sign near the end."""
    for number, (bottom, top) in enumerate(zip(low, high, strict=True)):
        known = np.isfinite(bottom)
        if not known.any():
            continue
        colour = palette.series[number % len(palette.series)]
        yield polygon(x[known], top[known], bottom[known], colour, palette.background)
        at = np.flatnonzero(known)[int(known.sum() * _SIGN_AT)]
        yield shape(number, float(x[at]), float(top[at] + bottom[at]) / 2, colour, palette.background)
