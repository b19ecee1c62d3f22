"""The terrain curriculum's levels and types: shift, cap, mix and publish them.

mjlab's `TerrainEntity` and Isaac Lab's `TerrainImporter` hold `terrain_levels` and `terrain_types`, of shape
[num_envs]. They are row and column in `terrain_origins`, of shape [rows, columns, 3], which gives `env_origins`. At a
reset, the task's own rule measures how far the robot has walked from its origin. So an origin must not change during an
episode: changes are queued for each environment's reset, after that rule and before the robot is placed.

Source of the rule: mjlab's `terrain_levels_vel`; "Learning to Walk in Minutes", Rudin et al., 2022, arXiv:2109.11978.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Protocol

import torch

from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.terrain_mix import environments_by_type, moved_to_columns


@dataclass(frozen=True)
class TerrainGrid:
    """A simulator's terrain whose rows are levels. `terrain` is its `TerrainEntity` or `TerrainImporter`.

    `types` are the names of the types that have columns, empty where columns mix types. `type_of_column` is an index
    in `types` for each column.
    """

    terrain: Any
    types: tuple[str, ...]
    type_of_column: Sequence[int]


class TerrainSource(Protocol):
    """The part of a `trainer_proc.simulators.interface.Simulator` that reports the terrain."""

    def terrain(self) -> TerrainGrid | None:
        """Return the terrain; None if it is not a grid whose rows are levels."""


class SteeredTerrain:
    """The terrain of an environment with a terrain curriculum. Tuned between iterations, on the training thread."""

    def __init__(self, env: Any, grid: TerrainGrid, observer: Observer | None = None) -> None:
        """Wrap `env.curriculum_manager.compute` on the instance; it is called with the environments that are reset."""
        self._env = env
        self._observer = observer or Observer()
        self._terrain = terrain = grid.terrain
        self.rows, self._columns = terrain.terrain_origins.shape[:2]
        self._type_of_column = list(grid.type_of_column)
        self.types = grid.types
        """Names of the types that have columns; empty where that is not known."""
        sub_terrains = terrain.cfg.terrain_generator.sub_terrains
        self.mix = {name: float(sub_terrains[name].proportion) for name in self.types}
        """Requested weight of each type among the environments."""
        by_column = torch.tensor(self._type_of_column, device=terrain.terrain_types.device)
        self._types_by_column = None if self._type_of_column == list(range(self._columns)) else by_column
        self._shift = 0
        levels = terrain.terrain_levels
        self._added = torch.zeros_like(levels)
        self._restored = torch.full_like(levels, -1)  # below 0: none
        self._queued_columns: torch.Tensor | None = None  # None: whatever they are
        self.has_queued_changes = False
        """Whether environments may have queued changes; updated once an iteration, with the metrics."""
        self._compute = env.curriculum_manager.compute
        env.curriculum_manager.compute = self._compute_and_apply

    @property
    def highest_level(self) -> int:
        """The highest row that environments may reach; the simulator's rule uses it."""
        return int(self._terrain.max_terrain_level) - 1

    @highest_level.setter
    def highest_level(self, level: int) -> None:
        self._terrain.max_terrain_level = level + 1
        self.has_queued_changes = True

    @property
    def shift(self) -> int:
        """Levels added to all environments so far."""
        return self._shift

    @shift.setter
    def shift(self, levels: int) -> None:
        self._added += levels - self._shift
        self._shift = levels
        self.has_queued_changes = True

    @property
    def present_types(self) -> torch.Tensor:
        """The present type of each environment, of shape [num_envs]; no copy where columns are types."""
        columns: torch.Tensor = self._terrain.terrain_types
        return columns if self._types_by_column is None else self._types_by_column[columns]

    def redistribute(self) -> None:
        """Distribute the environments by `mix`, moving as few as possible; synchronizes with the device.

        Raises `TrainingError` if no weight is above 0.
        """
        columns = self._terrain.terrain_types.tolist()
        counts = environments_by_type(list(self.mix.values()), len(columns))
        moved = moved_to_columns(counts, columns, self._type_of_column)
        self._queued_columns = torch.tensor(moved, device=self._restored.device)
        self.has_queued_changes = True

    def levels(self) -> tuple[int, ...]:
        """Return the level of each environment, after queued changes. Synchronizes with the device."""
        return tuple(self._next_levels(slice(None)).tolist())

    def columns(self) -> tuple[int, ...]:
        """Return the column of each environment, after queued changes. Synchronizes with the device."""
        columns = self._terrain.terrain_types if self._queued_columns is None else self._queued_columns
        return tuple(columns.tolist())

    def restore(self, levels: tuple[int, ...], columns: tuple[int, ...], shift: int, *, reset: bool) -> None:
        """Place the environments on `levels` and `columns`; `levels` include the `shift`.

        They move at their reset; `reset`, for use before the first step, resets them now. If the number of environments
        differs, levels are repeated and columns are kept.
        """
        if not levels:
            return
        count, device = len(self._restored), self._restored.device
        wanted = torch.tensor([levels[i % len(levels)] for i in range(count)], device=device)
        self._restored.copy_(wanted.clamp(0, self.rows - 1))
        self._added.zero_()
        self._shift = max(1 - self.rows, min(shift, self.rows - 1))
        if len(columns) == count and max(columns) < self._columns:
            self._queued_columns = torch.tensor(columns, device=device)
        self.has_queued_changes = True
        if reset:
            self._env.reset()

    def metrics(self) -> dict[str, float]:
        """Return the present levels; synchronizes with the device once. Call it once an iteration.

        `Terrain/mean_level`, `max_level` and `share_at_level_<row>` (0 to 1) if there are several rows. If types are
        known, `Terrain/share/<type>`, and `Terrain/mean_level/<type>` of types that have environments.
        """
        grid, queued = self._counts()
        self.has_queued_changes = queued > 0
        total = sum(map(sum, grid))
        at_level = [sum(row) for row in grid]
        metrics: dict[str, float] = {}
        if self.rows > 1:
            metrics["Terrain/mean_level"] = _mean_level(at_level)
            metrics["Terrain/max_level"] = float(max(level for level, count in enumerate(at_level) if count))
            metrics |= {f"Terrain/share_at_level_{level}": count / total for level, count in enumerate(at_level)}
        for kind, name in enumerate(self.types):
            on_type = [sum(compress(row, map(kind.__eq__, self._type_of_column))) for row in grid]
            metrics[f"Terrain/share/{name}"] = sum(on_type) / total
            if self.rows > 1 and sum(on_type):
                metrics[f"Terrain/mean_level/{name}"] = _mean_level(on_type)
        return metrics

    def _counts(self) -> tuple[list[list[int]], int]:
        """Return the number of environments in each row and column, and the number with queued changes."""
        levels, columns = self._terrain.terrain_levels, self._terrain.terrain_types
        is_queued = self._next_levels(slice(None)) != levels
        if self._queued_columns is not None:
            is_queued |= self._queued_columns != columns
        counts = torch.zeros(self.rows * self._columns, dtype=torch.long, device=levels.device)
        counts.index_add_(0, levels * self._columns + columns, torch.ones_like(levels))
        *cells, queued = torch.cat([counts, is_queued.sum().reshape(1)]).tolist()
        return [cells[row * self._columns : (row + 1) * self._columns] for row in range(self.rows)], queued

    def _compute_and_apply(self, *args: Any, **kwargs: Any) -> Any:
        computed = self._compute(*args, **kwargs)
        if self.has_queued_changes:
            env_ids = args[0] if args else kwargs.get("env_ids")
            resets = slice(None) if env_ids is None else env_ids
            self._observer.attempt("changes of the terrain", lambda: self._apply_queued(resets))
        return computed

    def _apply_queued(self, env_ids: torch.Tensor | slice) -> None:
        """Apply queued changes of `env_ids` at their reset, without synchronization."""
        terrain = self._terrain
        if self._queued_columns is not None:
            terrain.terrain_types[env_ids] = self._queued_columns[env_ids]
        levels = self._next_levels(env_ids)
        terrain.terrain_levels[env_ids] = levels
        terrain.env_origins[env_ids] = terrain.terrain_origins[levels, terrain.terrain_types[env_ids]]
        self._added[env_ids] = torch.zeros_like(levels)  # a plain 0 would be copied from the host, which synchronizes
        self._restored[env_ids] = torch.full_like(levels, -1)

    def _next_levels(self, env_ids: torch.Tensor | slice) -> torch.Tensor:
        present, restored = self._terrain.terrain_levels[env_ids], self._restored[env_ids]
        levels = torch.where(restored < 0, present, restored) + self._added[env_ids]
        return levels.clamp(0, self.highest_level)


def steered_terrain(
    env: Any, simulator: TerrainSource | None, observer: Observer | None = None
) -> SteeredTerrain | None:
    """Return the terrain of a (wrapped) environment, None if it is not a grid whose rows are levels."""
    env = unwrapped(env)
    grid = simulator.terrain() if simulator is not None and hasattr(env, "curriculum_manager") else None
    return None if grid is None else SteeredTerrain(env, grid, observer)


def _mean_level(counts: Any) -> float:
    return float(sum(level * count for level, count in enumerate(counts)) / sum(counts))
