"""Where the bodies in contact touch the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui.charts.robot.poses import Placed, Solids
from tui.charts.robot.solids import half_extents

Floats = NDArray[np.float32]

_SOLE = 0.03
"""Metres above the lowest point of a body within which its shapes count as the sole."""
_UPRIGHT = 0.5
"""Cosine of the angle to the vertical below which a rod stands on its end."""


def contact_points(solids: Solids, placed: Placed, bodies: Sequence[int]) -> Floats:
    """Return the middle of the sole of each body [N, 3], of one without shapes its origin. A shin has its lower end."""
    return np.array([_sole(solids, placed, body) for body in bodies], dtype=np.float32).reshape(-1, 3)


def _sole(solids: Solids, placed: Placed, body: int) -> Floats:
    shapes = np.flatnonzero(solids.bodies == body)
    if not len(shapes):
        origin: Floats = placed.bodies[body]
        return origin
    kinds = tuple(solids.kinds[shape] for shape in shapes)
    rotations = placed.rotations[shapes]
    lows = placed.centres[shapes, 2] - half_extents(kinds, solids.sizes[shapes], rotations)[:, 2]
    axes, is_rod = rotations[:, :, 2], np.isin(kinds, ("capsule", "cylinder"))
    stands = (is_rod & (np.abs(axes[:, 2]) > _UPRIGHT))[:, np.newaxis]
    ends = placed.centres[shapes] - np.sign(axes[:, 2:]) * axes * solids.sizes[shapes, 1:2] * stands
    points = np.concatenate((ends[:, :2], lows[:, np.newaxis]), axis=1)
    sole: Floats = points[lows < lows.min() + _SOLE].mean(0)
    return sole
