"""The terrain around a robot as a height field of MuJoCo's, which is written anew for each sample."""

from __future__ import annotations

from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np

from trainer_proc.contract.terrain import Terrain

_NAME = "terrain around the robot"
_POINTS = 41
"""Along an edge; samples of another size are thinned or filled to it."""
_THICKNESS = 0.05
_FLATTEST = 1e-3
"""Metres; MuJoCo needs some height."""
_COLOUR = (0.24, 0.29, 0.35, 1.0)


def add_field(spec: Any) -> None:
    """Add a flat field to a `MjSpec`."""
    flat = np.zeros(_POINTS**2)
    spec.add_hfield(name=_NAME, nrow=_POINTS, ncol=_POINTS, size=(1.0, 1.0, _FLATTEST, _THICKNESS), userdata=flat)
    kind = mujoco.mjtGeom.mjGEOM_HFIELD
    spec.worldbody.add_geom(name=_NAME, type=kind, hfieldname=_NAME, rgba=_COLOUR, contype=0, conaffinity=0)


def write_field(model: Any, data: Any, terrain: Terrain) -> int:
    """Write the heights of a terrain, and return the field's index: OpenGL needs to get it anew."""
    geom, field = model.geom(_NAME).id, int(model.geom_dataid[model.geom(_NAME).id])
    last = len(terrain.heights) - 1
    points = np.rint(np.linspace(0, last, _POINTS)).astype(int)
    heights = terrain.heights[np.ix_(points, points)]
    lowest = float(np.nanmin(heights)) if np.isfinite(heights).any() else 0.0
    heights = np.nan_to_num(heights - lowest)  # a field has no holes
    height, half = max(float(heights.max()), _FLATTEST), last * terrain.spacing / 2
    model.hfield_size[field] = half, half, height, _THICKNESS
    first = int(model.hfield_adr[field])
    model.hfield_data[first : first + _POINTS**2] = (heights.T / height).ravel()  # rows are along y
    place = terrain.corner[0] + half, terrain.corner[1] + half, lowest
    model.geom_pos[geom] = data.geom_xpos[geom] = place
    return field
