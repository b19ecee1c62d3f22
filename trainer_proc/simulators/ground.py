"""The ground around a robot on terrain, sampled again when the robot has left the middle of the last sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import Ground

Floats = NDArray[np.floating[Any]]
Heights = Callable[[Floats, Floats], Floats]
"""Returns the heights [x, y] of the terrain above a grid of world coordinates, m; NaN where there is none."""

_SPACING = 0.1
_REACH = 2.0
"""Half the edge of a sample, m."""
_MOVED = 0.6
"""Metres from its middle at which the ground is sampled again."""
_REPEATED = 64
"""States after which an unchanged sample is sent again: messages may be lost."""


class GroundSampler:
    """Decides which states of one viewer's robot get a sample of the ground."""

    def __init__(self, heights: Heights | None) -> None:
        """`heights` are None for flat ground, which is never sampled."""
        self._heights = heights
        self._of: tuple[int, float, float, float] | None = None
        self._middle = (0.0, 0.0)
        self._left = 0

    def repeat(self) -> None:
        """Give the next state a sample: somebody else watches too."""
        self._of = None

    def sample(self, environment: int, root: Floats, origin: Floats) -> Ground | None:
        """Return the ground around `root` [3], relative to `origin` [3], both in the world; None if it is known."""
        if self._heights is None or not np.isfinite(root).all():
            return None
        x, y = float(root[0]), float(root[1])
        of = (environment, *origin.tolist())
        is_near = max(abs(x - self._middle[0]), abs(y - self._middle[1])) <= _MOVED
        self._left -= 1
        if of == self._of and is_near and self._left > 0:
            return None
        self._of, self._middle, self._left = of, (x, y), _REPEATED
        corner = [(np.round((place - _REACH) / _SPACING)) * _SPACING for place in (x, y)]
        steps = np.arange(round(2 * _REACH / _SPACING) + 1) * _SPACING
        heights = self._heights(corner[0] + steps, corner[1] + steps) - float(origin[2])
        return Ground(
            corner=(float(corner[0] - origin[0]), float(corner[1] - origin[1])),
            spacing=_SPACING,
            size=len(steps),
            heights=np.round(heights, 3).astype("<f4").tobytes(),
        )
