"""Which terrain type each column of Isaac Lab's terrain has, and its heights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from isaaclab.sim.utils import get_current_stage
from isaaclab.utils.mesh import convert_faces_to_triangles
from pxr import Usd, UsdGeom

from trainer_proc.metrics.terrain import TerrainGrid
from trainer_proc.simulators.ground import Heights
from trainer_proc.simulators.mesh_heights import MeshHeights
from trainer_proc.simulators.terrain import curriculum_terrain


def terrain_grid(env: Any) -> TerrainGrid | None:
    """Return the environment's terrain; a type may have several columns, or none."""
    terrain = curriculum_terrain(env)
    if terrain is None:
        return None
    sub_terrains = terrain.cfg.terrain_generator.sub_terrains
    columns = terrain.terrain_origins.shape[1]
    types = types_of_columns([one.proportion for one in sub_terrains.values()], columns)
    present = sorted(set(types))
    names = tuple(sub_terrains)
    return TerrainGrid(
        terrain,
        types=tuple(names[kind] for kind in present),
        type_of_column=[present.index(kind) for kind in types],
    )


def types_of_columns(proportions: Sequence[float], columns: int) -> list[int]:
    """Return the type of each column; types take columns by their proportions.

    Source: Isaac Lab's `TerrainGenerator._generate_curriculum_terrains`.
    """
    total = sum(proportions)
    upper = list(accumulate(proportion / total for proportion in proportions))
    # rounding may leave the last sum below 1, where Isaac Lab would find no type
    return [
        next((kind for kind, end in enumerate(upper) if column / columns + 0.001 < end), len(upper) - 1)
        for column in range(columns)
    ]


def heights_of(env: Any) -> Heights | None:
    """Return the heights of a generated terrain; None for a plane, and for a terrain from a file."""
    terrain = getattr(env.scene, "terrain", None)
    if terrain is None or terrain.cfg.terrain_type != "generator":
        return None
    vertices: list[Any] = []
    faces: list[Any] = []
    for path in terrain.terrain_prim_paths:
        for prim in Usd.PrimRange(get_current_stage().GetPrimAtPath(path)):
            if prim.IsA(UsdGeom.Mesh):
                mesh = UsdGeom.Mesh(prim)
                indices = np.asarray(mesh.GetFaceVertexIndicesAttr().Get())
                counts = np.asarray(mesh.GetFaceVertexCountsAttr().Get())
                faces.append(convert_faces_to_triangles(indices, counts) + sum(len(one) for one in vertices))
                # in the world: a terrain is imported without a transform
                vertices.append(np.asarray(mesh.GetPointsAttr().Get()))
    return MeshHeights(np.concatenate(vertices), np.concatenate(faces)).heights if vertices else None
