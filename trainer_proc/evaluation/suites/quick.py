"""`quick`: success and score on the run's own distribution of commands, terrain and randomization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from trainer_proc.contract.evaluation import Axis, SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, Trial, names_of_tasks
from trainer_proc.metrics.success.task import task_command


class Quick(Suite):
    """What the training itself would play, but by the policy's mean: one cell, or one for each of several tasks."""

    name: ClassVar[SuiteName] = "quick"
    episodes = 100

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        return max(len(names_of_tasks(env_cfg)), 1)

    def plan(self, stage: Stage) -> Plan:
        command = task_command(stage.task)
        if not hasattr(command, "hold_tasks"):
            return Plan(trial=Trial())
        return Plan(
            axes=(Axis("task", values=command.task_names),),
            cells=[{"task": name} for name in command.task_names],
            trial=_OfTasks(command),
        )

    def notes(self, plan: Plan, cells: Sequence[Mapping[str, Sequence[float | None]]]) -> list[str]:
        """Return the success rate of each task."""
        if not plan.axes:
            return []
        rates = []
        for at, of_cell in zip(plan.cells, cells, strict=True):
            successes = [value or 0.0 for value in of_cell["success"]]
            rates.append(f"{at['task']} {sum(successes) / len(successes):.2f}")
        return [f"success by task: {', '.join(rates)}"]


class _OfTasks(Trial):
    """Assigns each environment the task of its cell, which has the task's number."""

    def __init__(self, command: Any) -> None:
        self._command = command

    def begin(self, cells: torch.Tensor) -> None:
        self._command.hold_tasks(cells)
