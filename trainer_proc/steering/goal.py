"""The goal of a training: it stops once a metric is high enough for long enough."""

from __future__ import annotations

import math
from collections.abc import Callable

from curricula.errors import suggestion
from presets.evaluation import PREFIX
from presets.goal import Goal
from trainer_proc.contract.messages import GOAL_REACHED

HELD = "Goal/iterations"
"""Metric of the iterations in a row for which the goal's metric has been high enough."""
_PATIENCE = 100
"""Iterations after which a metric that was never published is reported; some begin with the first ended episode."""


class GoalCheck:
    """Counts the iterations in a row that meet `goal`; None is never reached.

    `report(reason)` is called for each iteration in which the metric seems not to exist.
    """

    def __init__(self, goal: Goal | None = None, report: Callable[[str], None] = lambda reason: None) -> None:
        self._goal = goal
        self._report = report
        self._value: float | None = None
        self._iterations = 0
        self._held = 0

    def metrics(self) -> dict[str, float]:
        """Return what is published of the goal: iterations in a row up to the last iteration."""
        return {} if self._goal is None else {HELD: float(self._held)}

    def check(self, metrics: dict[str, float]) -> str:
        """Take an iteration's metrics; return why the training has reached its goal, empty if it has not."""
        goal = self._goal
        if goal is None:
            return ""
        self._iterations += 1
        self._value = metrics.get(goal.metric, self._value)
        if self._value is None:
            self._report_missing(goal, metrics)
            return ""
        is_met = math.isfinite(self._value) and self._value >= goal.at_least
        self._held = self._held + 1 if is_met else 0
        if self._held < goal.iterations:
            return ""
        duration = f" for {goal.iterations} iterations" if goal.iterations > 1 else ""
        return f"{GOAL_REACHED}: {goal.metric} at least {goal.at_least:g}{duration}, now {self._value:.4g}"

    def _report_missing(self, goal: Goal, metrics: dict[str, float]) -> None:
        has_evaluations = any(name.startswith(PREFIX) for name in metrics)
        if has_evaluations if goal.metric.startswith(PREFIX) else self._iterations >= _PATIENCE:
            nearest = suggestion(goal.metric, metrics)
            self._report(f"{goal.metric} has not been published in {self._iterations} iterations{nearest}")
