"""Which terrain type each column of Isaac Lab's terrain has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from trainer_proc.metrics.terrain import TerrainGrid
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
