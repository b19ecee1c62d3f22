"""The terrain around a robot as a mesh in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import Ground, RobotState
from trainer_proc.contract.terrain import Terrain, terrain_of

_PATH = "/fixed_bodies/terrain around the robot"
"""mjviser moves this frame with the camera's target."""
_COLOUR = (92, 107, 128)


class TerrainMesh:
    """Shows the newest sample of the ground."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._shown: Ground | None = None

    def show(self, state: RobotState) -> None:
        """Send the ground of a state if it is another one than before."""
        if state.ground is None or state.ground is self._shown:
            return
        self._shown = state.ground
        if (terrain := terrain_of(state)) is not None:
            vertices, faces = mesh_of(terrain)
            self._server.scene.add_mesh_simple(
                _PATH, vertices, faces, color=_COLOUR, flat_shading=True, side="double", cast_shadow=False
            )


def mesh_of(terrain: Terrain) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return the vertices [V, 3] of a terrain in metres, and faces [F, 3] of their indices; none where it has holes."""
    size = len(terrain.heights)
    steps = (np.arange(size) * terrain.spacing).astype(np.float32)
    x, y = np.meshgrid(terrain.corner[0] + steps, terrain.corner[1] + steps, indexing="ij")
    vertices = np.stack((x, y, terrain.heights), axis=-1).reshape(-1, 3).astype(np.float32)
    first = (np.arange(size - 1)[:, np.newaxis] * size + np.arange(size - 1)).ravel()
    corners = [(0, size, 1), (1, size, size + 1)]
    faces = np.concatenate([np.stack([first + corner for corner in one], axis=1) for one in corners])
    is_known = np.isfinite(vertices[:, 2])
    return np.nan_to_num(vertices), faces[is_known[faces].all(axis=1)].astype(np.int32)
