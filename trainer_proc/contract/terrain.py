"""The terrain of a robot's state, checked: it may come from a foreign file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import Ground, RobotState

Floats = NDArray[np.float32]
_MOST_POINTS = 1000
"""Along an edge; a larger sample is none of ours."""
_FARTHEST = 1e4
"""Metres, as for poses."""


@dataclass(frozen=True)
class Terrain:
    """Heights at the points of a grid."""

    corner: tuple[float, float]
    spacing: float
    heights: Floats
    """[x, y], metres; NaN where there is no ground."""

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the heights at these places, of any shape: linear between points, NaN beyond them."""
        last = len(self.heights) - 1
        along, across = (
            np.asarray((place - corner) / self.spacing, dtype=np.float32)
            for place, corner in zip((x, y), self.corner, strict=True)
        )
        is_known = (along >= 0) & (along <= last) & (across >= 0) & (across <= last)
        first, other = (np.clip(np.nan_to_num(one), 0, last - 1).astype(np.intp) for one in (along, across))
        right, up = along - first, across - other
        low = self.heights[first, other] * (1 - right) + self.heights[first + 1, other] * right
        high = self.heights[first, other + 1] * (1 - right) + self.heights[first + 1, other + 1] * right
        result: Floats = np.where(is_known, low * (1 - up) + high * up, np.nan).astype(np.float32)
        return result


def terrain_of(state: RobotState) -> Terrain | None:
    """Return the terrain around a robot; None on flat ground, and if it can't be drawn."""
    ground: Ground | None = state.ground
    if ground is None or not 2 <= ground.size <= _MOST_POINTS:
        return None
    is_whole = len(ground.heights) == 4 * ground.size**2
    is_possible = 0 < ground.spacing < _FARTHEST and all(abs(place) < _FARTHEST for place in ground.corner)
    if not is_whole or not is_possible:
        return None
    heights = np.frombuffer(ground.heights, dtype="<f4")
    heights = np.where(np.abs(heights) < _FARTHEST, heights, math.nan)
    return Terrain(ground.corner, ground.spacing, heights.reshape(ground.size, ground.size))
