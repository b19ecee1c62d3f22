"""Which terrain type each column of mjlab's terrain has."""

from __future__ import annotations

from typing import Any

from trainer_proc.metrics.terrain import TerrainGrid
from trainer_proc.simulators.terrain import curriculum_terrain


def terrain_grid(env: Any) -> TerrainGrid | None:
    """Return the environment's terrain; its types have names where each has one column."""
    terrain = curriculum_terrain(env)
    if terrain is None:
        return None
    types = tuple(terrain.cfg.terrain_generator.sub_terrains)
    columns = terrain.terrain_origins.shape[1]
    return TerrainGrid(
        terrain,
        types=types if len(types) == columns else (),  # otherwise columns mix types
        type_of_column=range(columns),
    )
