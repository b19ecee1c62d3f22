"""Heights of a terrain that is a mesh of triangles, such as Isaac Lab's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_CELL = 1.0
"""Metres. Triangles that are longer along x or y are looked at for every sample, the others by the cell of a corner."""
_EDGE = 1e-5
"""Share of a triangle by which a point on its edge may lie outside, so that no gap opens between two triangles."""
_FLATTEST = 1e-9
"""Area in m² that a triangle must have seen from above: walls have none."""


class MeshHeights:
    """Samples a mesh of up to millions of triangles in milliseconds: those near by are found by their place."""

    def __init__(self, vertices: Floats, faces: NDArray[np.integer[Any]]) -> None:
        """Take `vertices` [V, 3] in metres, and `faces` [F, 3] of their indices."""
        self._vertices = vertices.astype(np.float32)
        self._origin = self._vertices[:, :2].min(axis=0)
        places = self._vertices[:, :2] - self._origin
        low = np.minimum(np.minimum(places[faces[:, 0]], places[faces[:, 1]]), places[faces[:, 2]])
        high = np.maximum(np.maximum(places[faces[:, 0]], places[faces[:, 1]]), places[faces[:, 2]])
        is_wide = (high - low > _CELL).any(axis=1)
        cells = (low[~is_wide] / _CELL).astype(np.int32)
        self._stride = int(cells[:, 1].max(initial=0)) + 2  # a cell beyond the last is empty
        numbers = cells[:, 0] * self._stride + cells[:, 1]
        order = np.argsort(numbers, kind="stable")
        self._numbers = numbers[order]
        self._narrow, self._wide = faces[~is_wide][order].astype(np.int32), faces[is_wide].astype(np.int32)

    def heights(self, x: Floats, y: Floats) -> Floats:
        """Return the highest point of the mesh at each of these places [x, y], m; NaN where there is none.

        Both are ascending.
        """
        corners = self._vertices[self._near(x, y)].astype(np.float64)
        low, high = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
        is_near = ((high >= (x[0], y[0])) & (low <= (x[-1], y[-1]))).all(axis=1)
        return _rasterised(corners[is_near], low[is_near], high[is_near], x, y)

    def _near(self, x: Floats, y: Floats) -> NDArray[np.int32]:
        """Return the faces that may be below these places, and others."""
        first, last = (
            np.floor((np.array((x[end], y[end])) - self._origin) / _CELL).astype(np.int32) for end in (0, -1)
        )
        low, high = np.clip((first[1] - 1, last[1] + 1), 0, self._stride - 1)
        columns = np.arange(max(first[0] - 1, 0), last[0] + 1, dtype=np.int32) * np.int32(self._stride)
        starts, ends = (np.searchsorted(self._numbers, columns + end) for end in (low, high))
        return np.concatenate([*(self._narrow[one] for one in map(slice, starts, ends)), self._wide])


def _rasterised(corners: Floats, low: Floats, high: Floats, x: Floats, y: Floats) -> Floats:
    """Return the heights [x, y] of the highest of triangles [N, 3, 3] within `low` to `high` [N, 2]."""
    origin, one, other = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    first_x, first_y = (np.searchsorted(places, low[:, axis]) for axis, places in enumerate((x, y)))
    end_x, end_y = (np.searchsorted(places, high[:, axis], "right") for axis, places in enumerate((x, y)))
    rows = end_y - first_y
    counts = np.where(np.abs(area) > _FLATTEST, (end_x - first_x) * rows, 0)
    # every point of every triangle's box, one after the other
    of = np.repeat(np.arange(len(corners)), counts)
    within = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    column, row = first_x[of] + within // rows[of], first_y[of] + within % rows[of]
    across, along = x[column] - origin[of, 0], y[row] - origin[of, 1]
    share = (across * other[of, 1] - along * other[of, 0]) / area[of]
    other_share = (along * one[of, 0] - across * one[of, 1]) / area[of]
    inside = (share >= -_EDGE) & (other_share >= -_EDGE) & (share + other_share <= 1 + _EDGE)
    found = origin[of, 2] + share * one[of, 2] + other_share * other[of, 2]
    highest = np.full((len(x), len(y)), -np.inf)
    np.maximum.at(highest, (column[inside], row[inside]), found[inside])
    return np.where(np.isfinite(highest), highest, np.nan)
