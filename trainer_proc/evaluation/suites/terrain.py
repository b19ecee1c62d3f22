"""`terrain`: every type of the task's generated terrain at every level."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from trainer_proc.contract.evaluation import Axis, SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, SuiteRefused, Trial
from trainer_proc.metrics.terrain import SteeredTerrain, TerrainGrid

_REFUSED = "terrain: expected a task on generated terrain whose rows are levels, got {}: use quick or commands"


class TerrainMatrix(Suite):
    """A cell for each type and level. Environments begin there, whatever level they had reached in the training."""

    name: ClassVar[SuiteName] = "terrain"
    episodes = 4

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        terrain = getattr(getattr(env_cfg, "scene", None), "terrain", None)
        generator = getattr(terrain, "terrain_generator", None)
        if getattr(terrain, "terrain_type", "") != "generator" or generator is None:
            raise SuiteRefused(_REFUSED.format("flat ground"))
        return int(generator.num_rows) * len(generator.sub_terrains)

    def plan(self, stage: Stage) -> Plan:
        grid = stage.simulator.terrain() if stage.simulator is not None else None
        if stage.terrain is None or grid is None:
            raise SuiteRefused(_REFUSED.format("terrain without levels"))
        types: list[str] = list(grid.types)
        if not types:
            stage.notes.append("the terrain's columns mix types: they are numbered")
            types = [f"column {column}" for column in range(len(grid.type_of_column))]
        levels = range(stage.terrain.rows)
        return Plan(
            axes=(
                Axis("terrain", values=tuple(types)),
                Axis("level", values=tuple(float(level) for level in levels)),
            ),
            cells=[{"terrain": name, "level": float(level)} for name in types for level in levels],
            trial=_Trial(stage, stage.terrain, columns_of_types(grid)),
        )


class _Trial(Trial):
    def __init__(self, stage: Stage, terrain: SteeredTerrain, columns: list[list[int]]) -> None:
        self._stage, self._terrain, self._columns = stage, terrain, columns
        terrain.highest_level = terrain.rows - 1

    def begin(self, cells: torch.Tensor) -> None:
        levels, columns = [], []
        turns = [0] * len(self._columns)
        for cell in cells.tolist():
            kind, level = divmod(cell, self._terrain.rows)
            levels.append(level)
            of_kind = self._columns[kind]
            columns.append(of_kind[turns[kind] // self._terrain.rows % len(of_kind)])
            turns[kind] += 1
        self._stage.place(tuple(levels), tuple(columns))


def columns_of_types(grid: TerrainGrid) -> list[list[int]]:
    """Return the columns of each type; one list a column where columns mix types."""
    if not grid.types:
        return [[column] for column in range(len(grid.type_of_column))]
    return [
        [column for column, kind in enumerate(grid.type_of_column) if kind == index] for index in range(len(grid.types))
    ]
