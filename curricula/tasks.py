"""Task weights: sample each episode's task, favouring tasks with a success rate near one half.

A task that always or never succeeds teaches little. The weight is the learnability p·(1 − p) of its success rate p.

Sources: "No Regrets", Rutherford et al., 2024, arXiv:2408.15099; goals of intermediate difficulty, Florensa et al.,
2018, arXiv:1705.06366.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from curricula.curriculum import Curriculum, Decision, Limit, Metrics, Mode, counted, measured
from curricula.ladder import AtLeastOne, Count, check_reachable
from curricula.needs import Need
from curricula.values import KnobValues, Value, is_close

_LEAST_CHANGE = 0.05
"""Smaller changes of all weights are skipped."""


class TasksTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="tasks"):
    """Tasks that are unlocked one by one; level n trains the first n + 1."""

    tasks: tuple[str, ...]
    """Easiest first."""
    command: str = "twist"
    """The command term that sets the tasks."""
    every: AtLeastOne = 50
    """Iterations between two updates of the weights."""
    floor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """Lowest weight of an unlocked task; the highest is 1."""
    unlock: float = 0.7
    """The next task is unlocked when the newest one's success rate exceeds this."""
    mode: Mode = "auto"
    start: Count | None = None
    """The first level; None trains all tasks."""


class TasksCurriculum(Curriculum):
    """Owns `command/<command>/weights/<task>`; reads `Success/task/<task>`."""

    kind: ClassVar[str] = "tasks"

    def __init__(self, name: str, table: TasksTable) -> None:
        """Raise `ValueError` if there are no tasks, one is listed twice, or there is no level `start`."""
        if not table.tasks or len(set(table.tasks)) < len(table.tasks):
            raise ValueError("tasks: expected at least one, each once")
        top = len(table.tasks) - 1
        if table.start is not None and table.start > top:
            raise ValueError(f"start: expected a level from 0 to {top}, got {table.start}")
        check_reachable(_metric(table.tasks[0]), "unlock", table.unlock)
        limits = {
            "every": Limit(table.every, "iterations", minimum=1, whole=True),
            "floor": Limit(table.floor, minimum=0, maximum=1),
            "unlock": Limit(table.unlock),
        }
        super().__init__(name, top if table.start is None else table.start, table.mode, limits)
        self.tasks = table.tasks
        self._prefix = f"command/{table.command}/weights/"

    @property
    def top(self) -> int:
        """The level that trains all tasks."""
        return len(self.tasks) - 1

    @property
    def knobs(self) -> frozenset[str]:
        """The weights of all tasks."""
        return frozenset(self._prefix + task for task in self.tasks)

    def values(self, level: int) -> KnobValues:
        """Return equal weights of the unlocked tasks, with which a level begins."""
        return {self._prefix + task: float(index <= level) for index, task in enumerate(self.tasks)}

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Tell whether locked tasks have weight 0 and the others one from 0 to 1."""
        return all(
            is_close(values[knob], weight) or (bool(weight) and 0 <= float(values[knob]) <= 1)  # type: ignore[arg-type]
            for knob, weight in self.values(level).items()
        )

    def level_text(self, level: int) -> str:
        """Return the unlocked tasks."""
        return ", ".join(self.tasks[: level + 1])

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Unlock a task, or update the weights of unlocked ones."""
        if not self.stayed or self.stayed % int(self.limits["every"].value):
            return []
        newest, unlock = measured(metrics, _metric(self.tasks[self.level])), self.limits["unlock"].value
        if self.level < self.top and newest is not None and newest > unlock:
            note = f"success of {self.tasks[self.level]} {newest:.2f} is above {unlock:g}"
            return [Decision(level=self.level + 1, values=self.values(self.level + 1), note=note)]
        weights: KnobValues = {}
        for task in self._unlocked():
            success = measured(metrics, _metric(task))
            if success is not None:
                weights[self._prefix + task] = self._weight(success)
        if all(abs(float(weight) - float(in_force[knob])) < _LEAST_CHANGE for knob, weight in weights.items()):  # type: ignore[arg-type]
            return []
        return [Decision(values=weights, note=f"success {self._rates(metrics)}")]

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Describe the next update of weights and the next unlocking."""
        every = int(self.limits["every"].value)
        update = f"weights by success in {counted(every - self.stayed % every, 'iteration')}"
        return "; ".join([update, *self._unlocking(), self._rates(metrics)])

    def conditions(self, iteration: int, metrics: Metrics) -> str:
        """Describe the next unlocking and the success of unlocked tasks."""
        return "; ".join(["weights by success", *self._unlocking(), self._rates(metrics)])

    def needs(self, iteration: int, metrics: Metrics) -> list[Need]:
        """Return the success rate that unlocks the next task, and the time of the next decision."""
        every = int(self.limits["every"].value)
        found = [Need("iterations", self.stayed % every, every)]
        if self.level == self.top:
            return found
        metric = _metric(self.tasks[self.level])
        return [Need(metric, measured(metrics, metric), self.limits["unlock"].value), *found]

    def _unlocking(self) -> list[str]:
        if self.level == self.top:
            return []
        newest, following = self.tasks[self.level], self.tasks[self.level + 1]
        return [f"{following} when success of {newest} > {self.limits['unlock'].value:g}"]

    def _unlocked(self) -> tuple[str, ...]:
        return self.tasks[: self.level + 1]

    def _weight(self, success: float) -> float:
        """Return 1 at a success rate of one half, the floor at 0 and 1."""
        floor, rate = self.limits["floor"].value, min(max(success, 0.0), 1.0)
        return max(round(floor + (1 - floor) * 4 * rate * (1 - rate), 2), floor)

    def _rates(self, metrics: Metrics) -> str:
        rates = ((task, measured(metrics, _metric(task))) for task in self._unlocked())
        return ", ".join(f"{task} {rate:.2f}" if rate is not None else f"{task} –" for task, rate in rates)


def _metric(task: str) -> str:
    return f"Success/task/{task}"
