"""What is drawn around the robot: the grid on the ground, feet in contact, arrows, targets. All as points in dots."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.terrain import Terrain
from tui.charts.braille import DOTS_ACROSS, DOTS_DOWN, braille_bits
from tui.charts.robot.camera import Projection

Floats = NDArray[np.float32]

_SPACINGS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_LINES = 3
"""At most this many lines in each direction."""
_LINES_ON_TERRAIN = 6
_MOST_POINTS = 400
_NEAR_GROUND = 0.15
"""Metres between the ground and the sole of a foot that stands on it."""
_SHORTEST = 2.0
"""Dots: shorter arrows have no direction."""
_SMALL = 100
"""Dots: arrows in lower pictures have thin shafts."""
_DASHED = 14.0
"""Dots: shorter arrows have no dashes."""
_TARGET = 0.05
_SMALLEST_TARGET = 3.0
"""Dots."""
METRES_A_SPEED = 0.5
"""Length of an arrow for 1 m/s."""
_HEAD = 0.28
"""Length of an arrow's head in lengths of the arrow."""


def grid_points(projection: Projection, radius: float, ground: float, terrain: Terrain | None = None) -> Floats:
    """Return a grid around the target, fixed to the world, within `radius` metres.

    It is at the height `ground`, or on the `terrain`, where it is finer.
    """
    x, y, _ = projection.target
    most = _LINES if terrain is None else _LINES_ON_TERRAIN
    spacing = next((one for one in _SPACINGS if 2 * radius / one <= most), 2 * radius / most)
    step = max(1 / projection.dots_per_metre, 2 * radius / _MOST_POINTS)
    fine = np.arange(-radius, radius, step, dtype=np.float32)
    points = []
    for axis, place in ((0, x), (1, y)):
        lines = np.arange(math.ceil((place - radius) / spacing), math.floor((place + radius) / spacing) + 1) * spacing
        inside = np.abs(lines - place)[:, np.newaxis] ** 2 + fine[np.newaxis] ** 2 < radius * radius
        line = np.full((len(lines), len(fine), 3), ground, dtype=np.float32)
        line[..., axis] = lines[:, np.newaxis]
        line[..., 1 - axis] = fine + (y, x)[axis]
        points.append(line[inside])
    found = np.concatenate(points)
    if terrain is not None:
        found[:, 2] = terrain.at(found[:, 0], found[:, 1])
        found = found[np.isfinite(found[:, 2])]
    return projection.dots(found)


def foot_points(
    projection: Projection, soles: Floats, ground: float, radius: float, terrain: Terrain | None = None
) -> Floats:
    """Return a disc at each of these world points [N, 3]: on the ground or terrain below it, or at its own height."""
    on_ground = soles.copy()
    below = np.full(len(soles), ground, np.float32) if terrain is None else terrain.at(soles[:, 0], soles[:, 1])
    is_near = np.abs(soles[:, 2] - below) < _NEAR_GROUND
    on_ground[is_near, 2] = below[is_near]
    around: Floats = (on_ground[:, np.newaxis] + _DISC * radius).astype(np.float32)
    return projection.dots(around.reshape(-1, 3))


def arrow_points(projection: Projection, start: Floats, along: Floats, *, is_dashed: bool) -> Floats:
    """Return an arrow from the world point `start` [3] by the vector `along` [3] metres; none if it is tiny."""
    ends = projection.dots(np.stack((start, start + along)))
    length = float(np.hypot(*(ends[1] - ends[0])))
    if length < _SHORTEST:
        return np.zeros((0, 2), dtype=np.float32)
    is_thin = projection.height < _SMALL
    towards = (ends[1] - ends[0]) / length
    aside = np.array((-towards[1], towards[0]), dtype=np.float32)
    shaft = np.arange(0, length, 0.5, dtype=np.float32)
    if is_dashed and length > _DASHED:
        shaft = shaft[(shaft.astype(int) // 3) % 2 == 0]
    line = ends[0] + shaft[:, np.newaxis] * towards
    head = min(max(length * _HEAD, 3.0 if is_thin else 4.0), 10.0)
    back, wide = np.meshgrid(np.arange(0, head, 0.5), np.arange(-head, head, 0.5))
    inside = np.abs(wide) <= back * 0.6
    tip = (
        ends[1]
        + (0 if is_thin else 0.5) * aside
        - back[inside, np.newaxis] * towards
        + wide[inside, np.newaxis] * aside
    )
    lines = (line, tip) if is_thin else (line, line + aside, tip)
    return np.concatenate(lines).astype(np.float32)


def target_points(projection: Projection, target: Floats) -> Floats:
    """Return a ring with its middle at the world point `target` [3]: of 5 cm, or larger where that is hard to see."""
    radius = max(_TARGET * projection.dots_per_metre, _SMALLEST_TARGET)
    ring: Floats = (projection.dots(target) + _DISC[-len(_turn) :, :2] * radius).astype(np.float32)
    return np.concatenate((ring, projection.dots(target)[np.newaxis]))


def cell_bits(points: Floats, width: int, height: int) -> NDArray[np.uint32]:
    """Return the braille dots of these (column, row) points [N, 2] in `width` × `height` cells, see `braille_bits`."""
    at = np.rint(points).astype(np.int64)
    dots = np.zeros((height * DOTS_DOWN, width * DOTS_ACROSS), dtype=np.bool_)
    inside = ((at >= 0) & (at < (dots.shape[1], dots.shape[0]))).all(1)
    dots[at[inside, 1], at[inside, 0]] = True
    return braille_bits(dots)


_turn = np.linspace(0, math.tau, 48, endpoint=False, dtype=np.float32)
_DISC = np.concatenate([np.stack((np.cos(_turn), np.sin(_turn), 0 * _turn), 1) * share for share in (0.4, 0.7, 1.0)])
