"""What mjlab's and Isaac Lab's terrains have in common."""

from __future__ import annotations

from typing import Any


def curriculum_terrain(env: Any) -> Any | None:
    """Return an environment's terrain if it was generated as a grid whose rows are levels, None otherwise."""
    terrain = getattr(getattr(env, "scene", None), "terrain", None)
    generator = getattr(getattr(terrain, "cfg", None), "terrain_generator", None)
    has_levels = getattr(terrain, "terrain_origins", None) is not None and hasattr(terrain, "terrain_levels")
    return terrain if has_levels and getattr(generator, "curriculum", False) else None
