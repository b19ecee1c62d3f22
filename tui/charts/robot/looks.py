"""Turn what each dot shows into the look of cells: shades, gaps between limbs, and patterns where colours lack."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tui.charts.braille import DOTS_ACROSS, DOTS_DOWN
from tui.charts.robot.raster import Raster
from tui.charts.robot.styles import LEVELS, PARTS, ROBOT_STYLE_NUMBERS

Dots = NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)

_GAP_METRES = 0.03
"""Limbs that lie this far behind each other are separated by a gap."""
_FADE_METRES, _FADE = 0.8, 0.3
"""Over this distance the light fades by this share: what is far is darker."""
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


def shaded(raster: Raster, dots: Dots, parts: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """Return the style and the nearest shape of each cell; any for a cell without dots.

    The style is by the part and the light of that shape. `parts` are the indices in `PARTS` of the shapes, at least 1.
    """
    depth = _by_cell(np.where(dots, raster.depth, np.inf).astype(np.float32))
    nearest = depth.argmin(-1)[..., np.newaxis]
    distance, shape = _chosen(depth, nearest), _chosen(_by_cell(raster.shape), nearest)
    light = _chosen(_by_cell(raster.light), nearest)
    front = distance.min(initial=np.inf)
    away = np.clip((distance - front) / _FADE_METRES, 0, 1) if np.isfinite(front) else np.zeros_like(distance)
    bright = (light / 2 + 0.5) * (1 - _FADE * away)
    levels = np.clip(np.nan_to_num(bright) * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    return _FIRST_SHADES[parts[shape]] + levels, shape


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


def _chosen(values: NDArray[Value], index: NDArray[np.intp]) -> NDArray[Value]:
    result: NDArray[Value] = np.take_along_axis(values, index, -1)[..., 0]
    return result
