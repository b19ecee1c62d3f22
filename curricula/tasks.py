"""Task weights: which of several tasks an episode is about, favouring those with success in the middle.

A task that always or never succeeds teaches little. The weight is the learnability p·(1 − p) of its success rate p
("No Regrets", Rutherford et al., 2024, arXiv:2408.15099; the idea of goals of intermediate difficulty is of Florensa
et al., 2018, arXiv:1705.06366).
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import msgspec

from curricula.curriculum import Curriculum, Decision, Limit, Metrics, Mode
from curricula.ladder import AtLeastOne, Count
from curricula.values import KnobValues

_LEAST_CHANGE = 0.05
"""A smaller change of all weights isn't worth an intervention."""


class TasksTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="tasks"):
    """`tasks` of the command `command`, easiest first; level n trains the first n + 1 of them.

    Every `every` iterations weights are set anew; each unlocked task has at least `floor` (0 to 1) of the largest
    possible weight, 1. The next task is unlocked when the newest one's success rate is above `unlock`. `start` is the
    first level; without it, all tasks are trained.
    """

    tasks: tuple[str, ...]
    command: str = "twist"
    every: AtLeastOne = 50
    floor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    unlock: float = 0.7
    mode: Mode = "auto"
    start: Count | None = None


class TasksCurriculum(Curriculum):
    """Owns `command/<command>/weights/<task>`; reads `Success/task/<task>`."""

    kind: ClassVar[str] = "tasks"

    def __init__(self, name: str, table: TasksTable) -> None:
        """Raise `ValueError` if there are no tasks, one twice, or fewer than `start` says."""
        if not table.tasks or len(set(table.tasks)) < len(table.tasks):
            raise ValueError("tasks must name at least one task, and each once")
        top = len(table.tasks) - 1
        if table.start is not None and table.start > top:
            raise ValueError(f"start is level {table.start}, but the highest is {top}")
        limits = {
            "every": Limit(table.every, "iterations", minimum=1, whole=True),
            "floor": Limit(table.floor, minimum=0, maximum=1),
            "unlock": Limit(table.unlock),
        }
        super().__init__(name, top if table.start is None else table.start, table.mode, limits)
        self.tasks = table.tasks
        self._prefix = f"command/{table.command}/weights/"
        self._weights = self.values(self.level)

    @property
    def top(self) -> int:
        """The level at which all tasks are trained."""
        return len(self.tasks) - 1

    @property
    def knobs(self) -> frozenset[str]:
        """The weights."""
        return frozenset(self._prefix + task for task in self.tasks)

    def values(self, level: int) -> KnobValues:
        """Return even weights of the unlocked tasks."""
        return {self._prefix + task: float(index <= level) for index, task in enumerate(self.tasks)}

    def level_text(self, level: int) -> str:
        """Return the unlocked tasks."""
        return ", ".join(self.tasks[: level + 1])

    def move(self, level: int) -> None:
        """Begin the level with even weights."""
        if level != self.level:
            self._weights = self.values(level)
        super().move(level)

    def decide(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Unlock a task, or weigh the unlocked ones anew."""
        if self.stayed % int(self.limits["every"].value):
            return []
        newest = metrics.get(_metric(self.tasks[self.level]))
        if self.level < self.top and newest is not None and newest > self.limits["unlock"].value:
            note = f"success of {self.tasks[self.level]} {newest:.2f} is above {self.limits['unlock'].value:g}"
            return [Decision(self.level + 1, self.values(self.level + 1), note)]
        weights = {self._prefix + task: self._weight(metrics.get(_metric(task))) for task in self._unlocked()}
        if max(abs(weight - float(self._weights[knob])) for knob, weight in weights.items()) < _LEAST_CHANGE:  # type: ignore[arg-type]
            return []
        self._weights |= weights
        return [Decision(values=dict(weights), note=f"success {self._rates(metrics)}")]

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Tell when weights are set next and what unlocks a task."""
        every = int(self.limits["every"].value)
        told = [f"weights by success in {every - self.stayed % every} iterations"]
        if self.level < self.top:
            newest, following = self.tasks[self.level], self.tasks[self.level + 1]
            told.append(f"{following} when success of {newest} > {self.limits['unlock'].value:g}")
        return "; ".join([*told, self._rates(metrics)])

    def _unlocked(self) -> tuple[str, ...]:
        return self.tasks[: self.level + 1]

    def _weight(self, success: float | None) -> float:
        """Return 1 at a success rate of one half, the floor at 0 and 1, and 1 where nothing is known."""
        if success is None or not math.isfinite(success):
            return 1.0
        floor = self.limits["floor"].value
        return round(floor + (1 - floor) * 4 * success * (1 - success), 2)

    def _rates(self, metrics: Metrics) -> str:
        rates = ((task, metrics.get(_metric(task))) for task in self._unlocked())
        return ", ".join(f"{task} {rate:.2f}" if rate is not None else f"{task} –" for task, rate in rates)


def _metric(task: str) -> str:
    return f"Success/task/{task}"
