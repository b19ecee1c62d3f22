"""What all guards have in common: mode, action, and the episode of trouble that they report.

A problem is reported once per episode of trouble. The episode ends after `CALM_ITERATIONS` without the problem, so that
a metric around its limit is one episode.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from trainer_proc.contract.knob import Knob, KnobType, Value, number_of
from trainer_proc.knobs.live import LiveKnob

PREFIX = "guard/"
"""Prefix of the names of all guards' knobs; changing one does not affect the training."""
CALM_ITERATIONS = 20
"""Consecutive iterations without the problem that end an episode of trouble."""


@dataclass(frozen=True)
class Finding:
    """A problem that a guard has detected."""

    guard: str
    message: str
    """One line."""
    action: str
    """Requested action: `warn`, `pause`, `undo` or `best`."""
    iterations: int = 1
    """Iterations that show the problem, including the present one; older checkpoints don't have it."""


class Guard(ABC):
    """One guard in mode `warn`. `check` is called once per iteration, `intervened` when a change takes effect.

    `action` is its initial action for the mode `act`, one of `actions`.
    """

    def __init__(self, name: str, action: str, actions: tuple[str, ...] = ("pause", "undo")) -> None:
        self.name = name
        self.mode = "warn"
        self.action = action
        self._actions = actions
        self.has_calmed = False
        """Whether an episode of trouble has ended with the last iteration."""
        self._is_in_trouble = self._has_acted = self._is_judged_anew = False
        self._calm = 0

    @abstractmethod
    def check(self, metrics: dict[str, float]) -> str:
        """Return what is wrong now in one line, or nothing."""

    def length(self) -> int:
        """Return how many iterations show the problem that `check` has just found."""
        return 1

    def looks_back(self) -> int:
        """Return how many iterations up to the present one a later finding may include."""
        return 0

    def intervened(self, metrics: dict[str, float]) -> None:
        """Take the metrics from before a change as the reference; act again if the change does not help."""
        if self._has_acted:
            self.rearm()

    def rearm(self) -> None:
        """Act on the same problem again, because an undo or a reload may not have solved it."""
        self._has_acted = False

    def judge_anew(self) -> None:
        """End the present episode of trouble; what is wrong from now on is another one."""
        self.rearm()
        self._is_judged_anew = True

    def limits(self) -> list[LiveKnob]:
        """Return the knobs of this guard other than mode and action."""
        return []

    def knobs(self) -> list[LiveKnob]:
        return [
            self._knob("mode", "choice", choices=("off", "warn", "act")),
            self._knob("action", "choice", choices=self._actions),
            *self.limits(),
        ]

    def finding(self, metrics: dict[str, float]) -> Finding | None:
        """Return the problem found in an iteration's metrics, if it is to be reported."""
        message = self.check(metrics)
        self._count_calm(bool(message))
        acts = self.mode == "act" and not self._has_acted
        if not message or self.mode == "off" or (self._is_in_trouble and not acts):
            return None
        finding = Finding(self.name, message, self.action if acts else "warn", self.length())
        self._is_in_trouble, self._has_acted = True, acts
        if finding.action == "undo":
            self.rearm()
        return finding

    def _count_calm(self, is_wrong: bool) -> None:
        """Count the iterations without the problem, and end the episode of trouble after enough of them."""
        self._calm = 0 if is_wrong else self._calm + 1
        is_over = self._calm >= CALM_ITERATIONS or self.mode == "off" or self._is_judged_anew
        self.has_calmed = self._is_in_trouble and is_over
        self._is_judged_anew = False
        if self.has_calmed:
            self._is_in_trouble = self._has_acted = False

    def _knob(self, attribute: str, kind: KnobType, **fields: Any) -> LiveKnob:
        def read() -> Value:
            value: Value = getattr(self, attribute)
            return number_of(value) if kind in ("number", "integer") else value

        def write(value: Value) -> None:
            setattr(self, attribute, int(number_of(value)) if kind == "integer" else value)

        name = f"{PREFIX}{self.name}/{attribute}"
        knob = Knob(
            name=name,
            kind="algorithm",
            value=read(),
            default=read(),
            takes_effect="next iteration",
            type=kind,
            **fields,
        )
        return LiveKnob(knob, read, write)
