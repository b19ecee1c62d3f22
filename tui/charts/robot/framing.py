"""How much of the world fits into the picture: chosen once for a scene, so that the picture does not breathe."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tui.charts.robot.camera import Camera, Projection
from tui.charts.robot.focus import Focus
from tui.charts.robot.poses import Placed, Solids
from tui.charts.robot.solids import half_extents

_MARGIN = 1.12
"""Room around the robot."""
_ARROWS = 0.12
"""Room for arrows above it, in half heights."""
_NEAR_GROUND = 0.35
"""Metres: a robot whose lowest point is below this stands on the ground, which is then shown too."""
_STEP = 0.15
"""Metres that the lowest body may be above or below where it was at first: steps, jumps and falls on flat ground."""
_LYING = 0.7
"""Half the height of a standing robot in lengths of its reach from its root."""
_SMALLEST = 0.05


@dataclass(frozen=True)
class Framing:
    """What zoom 1 shows. All lengths are metres."""

    middle: float
    """Height above the ground of the middle of the picture."""
    half_height: float
    half_width: float
    lowest: float
    """Height of the lowest body."""

    def ground(self, focus: Focus) -> float:
        """Return the height of the ground below the robot: 0, or that of the terrain which it has climbed."""
        climbed = focus.lowest - self.lowest
        return math.copysign(max(abs(climbed) - _STEP, 0.0), climbed)

    def projection(self, camera: Camera, focus: Focus, width: int, height: int) -> Projection:
        """Return the projection of what is in `focus` to `width` × `height` dots."""
        scale = min(height / (2 * self.half_height), width / (2 * self.half_width)) * camera.zoom
        target = (*focus.place, self.middle + self.ground(focus))
        return Projection(camera, focus.heading, target, max(scale, 1e-3), width, height)


def framing_of(solids: Solids, placed: Placed, *, has_arrows: bool) -> Framing:
    """Return the framing for a robot whose first state is `placed`, also if it lies on the ground."""
    if not len(solids.kinds):
        centres, halves = placed.bodies, np.zeros((len(placed.bodies), 3), dtype=np.float32)
    else:
        centres, halves = placed.centres, half_extents(solids.kinds, solids.sizes, placed.rotations)
    lows, highs, root = (centres - halves).min(0), (centres + halves).max(0), placed.bodies[0]
    low, high = float(lows[2]), float(highs[2])
    half_height = (high - low) / 2
    middle = (low + high) / 2
    if low < _NEAR_GROUND:
        low = min(low, 0.0)
        reach = float((np.linalg.norm(centres - root, axis=1) + np.linalg.norm(halves, axis=1)).max())
        half_height = max((high - low) / 2, _LYING * reach)
        middle = low + half_height
    if has_arrows:
        middle += half_height * _ARROWS
        half_height *= 1 + _ARROWS
    sideways = float(np.maximum(highs[:2] - root[:2], root[:2] - lows[:2]).max())
    return Framing(
        middle, max(half_height, _SMALLEST) * _MARGIN, max(sideways * 1.05, _SMALLEST), float(placed.bodies[:, 2].min())
    )
