"""Where on generated terrain the episodes of a rollout begin."""

from __future__ import annotations

from curricula.errors import UsageError, suggestion
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.terrain import columns_of_types


def place_on(stage: Stage, text: str) -> None:
    """Have episodes begin on a terrain type and level, `stairs:4`. Raises `UsageError` if the task has none such."""
    grid = stage.simulator.terrain() if stage.simulator is not None else None
    if stage.terrain is None or grid is None or not grid.types:
        raise UsageError(f"expected a task on terrain with types and levels for {text}, got {stage.spec.task}")
    name, _, number = text.rpartition(":")
    if name not in grid.types:
        hint = suggestion(name, grid.types, cutoff=0.3, or_all=True)
        raise UsageError(f"no such terrain type: {name}{hint}")
    level, highest = int(number), stage.terrain.rows - 1
    if level > highest:
        raise UsageError(f"expected a terrain level from 0 to {highest}, got {level}")
    stage.terrain.highest_level = highest
    column, count = columns_of_types(grid)[grid.types.index(name)][0], int(stage.env.num_envs)
    stage.place((level,) * count, (column,) * count)
