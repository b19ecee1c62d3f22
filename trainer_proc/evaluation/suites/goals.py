"""The grid of commands of a task that sets goals, such as targets of a hand: one goal an episode."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import torch

from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Trial, command_cfgs, names_of_tasks
from trainer_proc.metrics.success.task import commands_of
from trainer_proc.simulators.goals import Goals


def goals_of(env_cfg: Any) -> Goals | None:
    """Return the goals of the task's command; None if it sets none, or only in some of several tasks."""
    if names_of_tasks(env_cfg):
        return None
    found = (getattr(cfg, "goals", None) for cfg in command_cfgs(env_cfg))
    return next((goals for goals in found if isinstance(goals, Goals)), None)


def goal_cells(goals: Goals) -> list[tuple[float, ...]]:
    """Return the goals of the cells: each combination of the axes' values."""
    return list(product(*([float(value) for value in axis.values] for axis in goals.axes)))


def goal_plan(stage: Stage, goals: Goals) -> Plan:
    """Return a plan with a cell for each goal; the task's own pushes are switched off."""
    stage.without_interval_events()
    term = next(term for term in commands_of(stage.task).values() if hasattr(term, "hold_goals"))
    cells = goal_cells(goals)
    return Plan(
        axes=goals.axes,
        cells=[dict(zip((axis.name for axis in goals.axes), cell, strict=True)) for cell in cells],
        measures=goals.measures,
        trial=_Trial(term, torch.tensor(cells, device=stage.task.device), [measure.name for measure in goals.measures]),
    )


class _Trial(Trial):
    """Holds each environment's goal, and keeps the term's metrics of the last step before the episode ends."""

    def __init__(self, term: Any, goals: torch.Tensor, names: list[str]) -> None:
        self._term, self._goals, self._names = term, goals, names

    def begin(self, cells: torch.Tensor) -> None:
        self._term.hold_goals(self._goals[cells])

    def started(self) -> None:
        self._last = self._now()

    def step(self, alive: torch.Tensor) -> None:
        self._last = torch.where(alive.unsqueeze(-1), self._now(), self._last)

    def values(self) -> Mapping[str, torch.Tensor]:
        return dict(zip(self._names, self._last.unbind(-1), strict=True))

    def _now(self) -> torch.Tensor:
        """Return the measures, of shape [num_envs, measures]."""
        return torch.stack([self._term.metrics[name] for name in self._names], dim=-1)
