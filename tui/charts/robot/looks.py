"""Turn what each dot shows into the look of cells: shades, gaps between limbs, and patterns where colours lack."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tui.charts.braille import DOTS_ACROSS, DOTS_DOWN
from tui.charts.robot.raster import NOTHING, Raster
from tui.charts.robot.styles import LEVELS, PARTS, ROBOT_STYLE_NUMBERS

Dots = NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)

_GAP_METRES = 0.03
"""Limbs that lie this far behind each other are separated by a gap."""
_LIGHT = 0.4
"""Share of the light in the shade of a shape; the rest is its depth."""
_SHALLOW = 0.3
"""Metres: a robot that is less deep is not as dark behind."""
_FIRST_SHADES = np.array([ROBOT_STYLE_NUMBERS[f"{part}-1"] for part in PARTS], dtype=np.uint8)


def limb_gaps(raster: Raster, bodies: NDArray[np.integer]) -> Dots:
    """Return the dots to leave out: those beside a dot of another body in front of it."""
    gaps = np.zeros(raster.shape.shape, dtype=np.bool_)
    for one, other in _NEIGHBOURS:
        apart = bodies[one] != bodies[other]
        with np.errstate(invalid="ignore"):  # nothing beside nothing
            behind = raster.depth[one] - raster.depth[other]
        apart &= np.isfinite(behind)
        gaps[one] |= apart & (behind > _GAP_METRES)
        gaps[other] |= apart & (behind < -_GAP_METRES)
    return gaps


def shaded(
    raster: Raster, dots: Dots, parts: NDArray[np.uint8], *, is_flat: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """Return the style and the nearest shape of each cell; any for a cell without dots.

    The style is by the part of that shape, its mean light and depth; the brightest shade if `is_flat`. A shade for each
    shape costs the terminal half of what one for each cell would. `parts` are the indices in `PARTS` of the shapes.
    """
    nearest = _by_cell(np.where(dots, raster.depth, np.inf).astype(np.float32)).argmin(-1)[..., np.newaxis]
    shape = np.take_along_axis(_by_cell(raster.shape), nearest, -1)[..., 0]
    levels = np.full(len(parts), LEVELS - 1) if is_flat else _levels(raster, len(parts))
    return (_FIRST_SHADES[parts] + levels.astype(np.uint8))[shape], shape


def _levels(raster: Raster, shapes: int) -> NDArray[np.int64]:
    """Return the shade of each shape: what is near and towards the light is bright."""
    drawn = raster.shape != NOTHING
    owner = raster.shape[drawn]
    count = np.maximum(np.bincount(owner, minlength=shapes), 1)
    depth, light = (
        np.bincount(owner, weights=values[drawn], minlength=shapes) / count for values in (raster.depth, raster.light)
    )
    seen = np.bincount(owner, minlength=shapes) > 0
    if not seen.any():
        return np.zeros(shapes, dtype=np.int64)
    nearest = depth[seen].min()
    away = (depth - nearest) / max(float(depth[seen].max() - nearest), _SHALLOW)
    bright = (1 - _LIGHT) * (1 - away) + _LIGHT * (light / 2 + 0.5)
    levels: NDArray[np.int64] = np.clip(bright * LEVELS, 0, LEVELS - 1).astype(np.int64)
    return levels


def patterned(dots: Dots, raster: Raster, bodies: NDArray[np.integer], parts: NDArray[np.uint8]) -> Dots:
    """Return dots that tell the parts apart: the left side is sparse, the body is striped, the right side is full."""
    edge = np.zeros_like(dots)
    for one, other in _NEIGHBOURS:
        apart = bodies[one] != bodies[other]
        edge[one] |= apart
        edge[other] |= apart
    part = parts[raster.shape]
    row, column = np.arange(dots.shape[0])[:, np.newaxis], np.arange(dots.shape[1])[np.newaxis]
    is_striped = (part == PARTS.index("body")) & (row % 2 == 1)
    is_sparse = (part == PARTS.index("left")) & ((row + column) % 2 == 1)
    result: Dots = dots & (edge | ~(is_striped | is_sparse))
    return result


_NEIGHBOURS = (
    (np.s_[1:, :], np.s_[:-1, :]),
    (np.s_[:, 1:], np.s_[:, :-1]),
)


def _by_cell(values: NDArray[Value]) -> NDArray[Value]:
    """Return values of dots as [lines, cells, dots of a cell]."""
    lines, cells = values.shape[0] // DOTS_DOWN, values.shape[1] // DOTS_ACROSS
    by_cell = values.reshape(lines, DOTS_DOWN, cells, DOTS_ACROSS).transpose(0, 2, 1, 3)
    return by_cell.reshape(lines, cells, DOTS_DOWN * DOTS_ACROSS)
