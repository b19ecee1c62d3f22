"""Rasterise the solids of a robot into a buffer of depths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.charts.robot.camera import Projection
from tui.charts.robot.poses import Placed, Solids
from tui.charts.robot.solids import HITS, half_extents

Floats = NDArray[np.float32]
NOTHING = -1
_THINNEST = 0.75
"""Dots: thinner solids are drawn this thick, so that none falls between the dots."""


@dataclass(frozen=True)
class Raster:
    """What each dot shows, all of shape [rows, columns]."""

    depth: Floats
    """Metres behind the camera's target; infinite where there is no solid."""
    light: Floats
    """-1 to 1."""
    shape: NDArray[np.int16]
    """Index of the visible shape, `NOTHING` for none."""


def rasterise(solids: Solids, placed: Placed, projection: Projection) -> Raster:
    """Return the nearest surface at each dot."""
    rows, columns = projection.height, projection.width
    depth = np.full((rows, columns), np.inf, dtype=np.float32)
    light = np.zeros((rows, columns), dtype=np.float32)
    owner = np.full((rows, columns), NOTHING, dtype=np.int16)
    raster = Raster(depth, light, owner)
    if not len(solids.kinds) or not rows or not columns:
        return raster
    scale = projection.dots_per_metre
    centres = projection.seen(placed.centres)
    rotations = projection.axes @ placed.rotations
    sizes = _visible(solids, _THINNEST / scale)
    extents = half_extents(solids.kinds, sizes, rotations)
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2], dtype=np.float32)
    at = middle + centres[:, :2] * (scale, -scale)
    reach = extents[:, :2] * scale
    first = np.clip(np.ceil(at - reach), 0, (columns, rows)).astype(int)
    end = np.clip(np.floor(at + reach) + 1, 0, (columns, rows)).astype(int)
    across = (np.arange(columns, dtype=np.float32) - middle[0]) / np.float32(scale)
    up = (middle[1] - np.arange(rows, dtype=np.float32)) / np.float32(scale)
    with np.errstate(invalid="ignore", over="ignore"):
        for number, ((left, top), (right, bottom)) in enumerate(zip(first.tolist(), end.tolist(), strict=True)):
            if left >= right or top >= bottom:
                continue
            x = across[np.newaxis, left:right] - centres[number, 0]
            y = up[top:bottom, np.newaxis] - centres[number, 1]
            z, lit = HITS[solids.kinds[number]](x, y, sizes[number], rotations[number])
            z = z + centres[number, 2]
            part = np.s_[top:bottom, left:right]
            nearer = z < depth[part]  # false for NaN
            np.copyto(depth[part], z, where=nearer)
            np.copyto(light[part], lit, where=nearer)
            owner[part][nearer] = number
    return raster


def _visible(solids: Solids, thinnest: float) -> Floats:
    """Return the sizes, none of them below `thinnest` where that is a thickness."""
    sizes = solids.sizes.copy()
    rods = np.array([kind in ("capsule", "sphere", "cylinder") for kind in solids.kinds])
    sizes[rods, 0] = np.maximum(sizes[rods, 0], thinnest)
    sizes[~rods] = np.maximum(sizes[~rods], thinnest)
    return sizes
