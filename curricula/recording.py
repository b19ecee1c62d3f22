"""A recorded session, played again: what a person did in a run, at the same iterations or metric values.

Plays as a person would: it owns no knob, and turning one that another curriculum owns puts that one on hold, as it did
when it was recorded.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from curricula.curriculum import Curriculum, Decision, Metrics, Mode, RampShape
from curricula.ladder import AtLeastOne
from curricula.values import KnobValues, Value


class RecordedRamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Over how many iterations values were reached, and how."""

    iterations: AtLeastOne
    shape: RampShape = "linear"


class RecordedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One intervention: in force from `iteration` on, or once `metric` has reached `value` from `side`.

    `set` are knob values, the targets if there is a `ramp`; `unpin` and `stop_ramps` name knobs.
    """

    iteration: int | None = None
    metric: str = ""
    value: float = 0.0
    side: Literal["above", "below"] = "above"
    set: dict[str, Value] = {}
    when: Literal["on reset", "now"] = "on reset"
    ramp: RecordedRamp | None = None
    unpin: tuple[str, ...] = ()
    stop_ramps: tuple[str, ...] = ()
    note: str = ""


class RecordingTable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="recording"
):
    """`steps` are taken in their order."""

    steps: tuple[RecordedStep, ...]
    mode: Mode = "auto"


class RecordingCurriculum(Curriculum):
    """Its level is the number of steps taken."""

    kind: ClassVar[str] = "recording"

    def __init__(self, name: str, table: RecordingTable) -> None:
        """Raise `ValueError` if a step has no time, or one before that of the step before it."""
        latest = 0
        for number, step in enumerate(table.steps, 1):
            if (step.iteration is None) == (not step.metric):
                raise ValueError(f"step {number} must have either an iteration or a metric")
            if step.iteration is not None:
                if step.iteration < latest:
                    raise ValueError(f"step {number} is at iteration {step.iteration}, before the step before it")
                latest = step.iteration
        super().__init__(name, 0, table.mode, {})
        self._steps = table.steps

    @property
    def top(self) -> int:
        """All steps taken."""
        return len(self._steps)

    @property
    def knobs(self) -> frozenset[str]:
        """None: a person's hand owns nothing."""
        return frozenset()

    def values(self, level: int) -> KnobValues:
        """Return what the first `level` steps have set."""
        return {knob: value for step in self._steps[:level] for knob, value in step.set.items()}

    def level_text(self, level: int) -> str:
        """Return how many steps are taken."""
        return f"{level} of {self.top} steps"

    def decide(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Take the next steps whose time has come."""
        decisions: list[Decision] = []
        for level, step in enumerate(self._steps[self.level :], self.level + 1):
            if not self._is_due(step, iteration, metrics):
                break
            decisions.append(_decision(level, step))
        return decisions

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Tell the next step."""
        if self.level == self.top:
            return "all steps are taken"
        step = self._steps[self.level]
        what = ", ".join([*step.set, *step.unpin, *step.stop_ramps])
        if step.iteration is not None:
            return f"{what} at iteration {step.iteration}"
        return f"{what} when {step.metric} is {step.side} {step.value:g}"

    def _is_due(self, step: RecordedStep, iteration: int, metrics: Metrics) -> bool:
        if step.iteration is not None:
            return iteration + 1 >= step.iteration
        value = metrics.get(step.metric)
        if value is None:
            return False
        return value >= step.value if step.side == "above" else value <= step.value


def _decision(level: int, step: RecordedStep) -> Decision:
    return Decision(
        level,
        dict(step.set),
        step.note,
        step.ramp.iterations if step.ramp is not None else 0,
        step.ramp.shape if step.ramp is not None else "linear",
        step.when,
        step.unpin,
        step.stop_ramps,
    )
