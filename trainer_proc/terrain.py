"""The terrain curriculum's levels: one row of the terrain for each environment, kept with a checkpoint.

mjlab's `TerrainEntity` (and Isaac Lab's `TerrainImporter`) hold `terrain_levels` and `terrain_types`, both of shape
[num_envs], and `terrain_origins` of shape [rows, columns, 3], from which `env_origins` are taken.
"""

from __future__ import annotations

from typing import Any


def terrain_levels(env: Any) -> tuple[int, ...]:
    """Return the level of each environment; empty where the terrain has none."""
    terrain = _terrain(env)
    return tuple(terrain.terrain_levels.tolist()) if terrain is not None else ()


def restore_terrain_levels(env: Any, levels: tuple[int, ...]) -> None:
    """Put the environments on `levels`, from their next reset on; others than these are drawn from them in turn."""
    import torch

    terrain = _terrain(env)
    if terrain is None or not levels:
        return
    with torch.inference_mode():
        count = terrain.terrain_levels.shape[0]
        wanted = torch.tensor([levels[i % len(levels)] for i in range(count)], device=terrain.terrain_levels.device)
        terrain.terrain_levels[:] = wanted.clamp(0, terrain.terrain_origins.shape[0] - 1)
        terrain.env_origins[:] = terrain.terrain_origins[terrain.terrain_levels, terrain.terrain_types]


def _terrain(env: Any) -> Any:
    scene = getattr(getattr(env, "unwrapped", env), "scene", None)
    terrain = getattr(scene, "terrain", None)
    has_levels = getattr(terrain, "terrain_origins", None) is not None and hasattr(terrain, "terrain_levels")
    return terrain if has_levels else None
