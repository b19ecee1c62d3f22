"""Heights of mjlab's terrain: the boxes, height fields and planes of MuJoCo's model that never move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from trainer_proc.simulators.ground import Heights

Floats = NDArray[np.floating[Any]]

_BOX, _FIELD, _PLANE = (
    int(kind) for kind in (mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_HFIELD, mujoco.mjtGeom.mjGEOM_PLANE)
)
_PARALLEL = 1e-6


def heights_of(model: Any, moving: list[int]) -> Heights | None:
    """Return the heights of the terrain of a MuJoCo model, but for its bodies `moving`; None if it is a plane at 0."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    static = [
        geom
        for geom in range(model.ngeom)
        if model.body_weldid[model.geom_bodyid[geom]] == 0
        and model.geom_bodyid[geom] not in moving
        and (model.geom_contype[geom] or model.geom_conaffinity[geom])
    ]
    kinds = model.geom_type[static]
    of_kind = {kind: [geom for geom, one in zip(static, kinds, strict=True) if one == kind] for kind in kinds.tolist()}
    planes = [float(data.geom_xpos[geom, 2]) for geom in of_kind.get(_PLANE, ())]
    boxes, fields = of_kind.get(_BOX, []), of_kind.get(_FIELD, [])
    if not boxes and not fields and all(height == 0.0 for height in planes):
        return None
    frames = data.geom_xmat.reshape(-1, 3, 3)
    return _Terrain(
        _Boxes(data.geom_xpos[boxes].copy(), frames[boxes].copy(), model.geom_size[boxes].copy()),
        [_field(model, geom, data.geom_xpos[geom].copy()) for geom in fields],
        max(planes, default=np.nan),
    ).heights


@dataclass(frozen=True)
class _Boxes:
    centres: Floats
    """[N, 3]."""
    frames: Floats
    """[N, 3, 3]; columns are the axes."""
    halves: Floats
    """[N, 3]: half edges."""


@dataclass(frozen=True)
class _Field:
    """A height field without rotation: `heights` [rows, columns] are along y and x."""

    centre: Floats
    half: tuple[float, float]
    heights: Floats


def _field(model: Any, geom: int, centre: Floats) -> _Field:
    number = int(model.geom_dataid[geom])
    rows, columns, first = (int(one[number]) for one in (model.hfield_nrow, model.hfield_ncol, model.hfield_adr))
    half_x, half_y, highest, _ = (float(one) for one in model.hfield_size[number])
    shares = model.hfield_data[first : first + rows * columns].reshape(rows, columns)
    return _Field(centre, (half_x, half_y), centre[2] + shares * highest)


class _Terrain:
    def __init__(self, boxes: _Boxes, fields: list[_Field], plane: float) -> None:
        self._boxes, self._fields, self._plane = boxes, fields, plane
        self._reach = np.einsum("nij,nj->ni", np.abs(boxes.frames), boxes.halves)[:, :2]
        self._is_upright = (np.abs(boxes.frames).max(axis=2) > 1 - _PARALLEL).all(axis=1)

    def heights(self, x: Floats, y: Floats) -> Floats:
        """Return the highest point of the terrain at each of these places [x, y]; NaN where there is none."""
        highest = np.full((len(x), len(y)), self._plane)
        low, high = np.array([x[0], y[0]]), np.array([x[-1], y[-1]])
        for field in self._fields:
            self._raise_to_field(highest, field, x, y)
        centres = self._boxes.centres
        first, last = centres[:, :2] - self._reach, centres[:, :2] + self._reach
        near = ((last >= low) & (first <= high)).all(axis=1)
        for box in np.flatnonzero(near).tolist():
            columns = slice(np.searchsorted(x, first[box, 0]), np.searchsorted(x, last[box, 0], "right"))
            rows = slice(np.searchsorted(y, first[box, 1]), np.searchsorted(y, last[box, 1], "right"))
            part = highest[columns, rows]
            top = self._top(box, x[columns], y[rows])
            np.fmax(part, top, out=part)
        return highest

    def _top(self, box: int, x: Floats, y: Floats) -> Floats | float:
        """Return the height of a box's surface at these places; NaN beside it."""
        centre, frame, halves = (one[box] for one in (self._boxes.centres, self._boxes.frames, self._boxes.halves))
        if self._is_upright[box]:
            return float(centre[2] + np.abs(frame[2]) @ halves)
        # a ray from above enters it where it has entered all three pairs of planes
        across = (x[:, np.newaxis] - centre[0])[..., np.newaxis] * frame[0] + (y - centre[1])[..., np.newaxis] * frame[
            1
        ]
        slopes = np.where(np.abs(frame[2]) < _PARALLEL, _PARALLEL, frame[2])
        ends = np.stack(((halves - across) / slopes, (-halves - across) / slopes))
        entry, leaving = ends.max(axis=0).min(axis=-1), ends.min(axis=0).max(axis=-1)
        return np.where(entry >= leaving, centre[2] + entry, np.nan)

    @staticmethod
    def _raise_to_field(highest: Floats, field: _Field, x: Floats, y: Floats) -> None:
        (half_x, half_y), (rows, columns) = field.half, field.heights.shape
        across = (x - field.centre[0] + half_x) / (2 * half_x) * (columns - 1)
        along = (y - field.centre[1] + half_y) / (2 * half_y) * (rows - 1)
        of_x, of_y = (across >= 0) & (across <= columns - 1), (along >= 0) & (along <= rows - 1)
        if of_x.any() and of_y.any():
            of_columns = _between(field.heights.T, across[of_x])
            inside = np.ix_(of_x, of_y)
            highest[inside] = np.fmax(highest[inside], _between(of_columns.T, along[of_y]).T)


def _between(values: Floats, at: Floats) -> Floats:
    """Return the values [at, ...] at these fractional indices of the first axis, linear between its entries."""
    first = np.clip(at.astype(int), 0, len(values) - 2)
    share = (at - first)[:, np.newaxis]
    result: Floats = values[first] * (1 - share) + values[first + 1] * share
    return result
