"""Replay of a recorded session: the user's changes of a run, at the same iterations or metric values.

It owns no knob. A step does only what it names: its effect on a curriculum that owns one of the knobs, such as `hold`,
was recorded with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from curricula.curriculum import Curriculum, Decision, Metrics, Mode, measured
from curricula.ladder import AtLeastOne
from curricula.needs import Need
from curricula.values import KnobValues, RampShape, Value, When


class RecordedRamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The iterations and the shape of a ramp, and the knobs that it ramps; empty for all of the step."""

    iterations: AtLeastOne
    shape: RampShape = "linear"
    knobs: tuple[str, ...] = ()


class RecordedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One change: in force from `iteration` on, or once `metric` has reached `value` from `side`."""

    iteration: int | None = None
    metric: str = ""
    value: float = 0.0
    side: Literal["above", "below"] = "above"
    set: dict[str, Value] = {}
    """Knob values; the targets if there is a `ramp`."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    ramp: RecordedRamp | None = None
    unpin: tuple[str, ...] = ()
    """Knobs to give back to their competing writers."""
    stop_ramps: tuple[str, ...] = ()
    """Knobs whose ramps stop at the present value."""
    again: bool = False
    """Whether the values were in force before, as those of an undo, so that a knob's bounds do not apply."""
    late: bool = False
    """Whether to apply it after the curricula have decided, as for a change made in a pause."""
    note: str = ""


class RecordingTable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="recording"
):
    """`steps` are replayed in their order."""

    steps: tuple[RecordedStep, ...]
    mode: Mode = "auto"


class RecordingCurriculum(Curriculum):
    """Its level is the number of replayed steps."""

    kind: ClassVar[str] = "recording"
    origin: ClassVar[Literal["curriculum", "schedule"]] = "schedule"
    repeats_itself = True

    def __init__(self, name: str, table: RecordingTable) -> None:
        """Raise `ValueError` if a step has no time, or an earlier time than the step before it."""
        latest = 0
        for number, step in enumerate(table.steps, 1):
            if (step.iteration is None) == (not step.metric):
                raise ValueError(f"step {number}: expected either an iteration or a metric")
            if not (step.set or step.unpin or step.stop_ramps):
                raise ValueError(f"step {number}: expected one of set, unpin and stop_ramps, got none")
            if step.iteration is not None:
                if step.iteration < latest:
                    raise ValueError(f"step {number}: expected an iteration of at least {latest}, got {step.iteration}")
                latest = step.iteration
            if step.ramp is not None and not (step.set and step.set.keys() >= set(step.ramp.knobs)):
                raise ValueError(f"step {number}: expected `set` to have the knobs of its ramp")
        super().__init__(name, 0, table.mode, {})
        self._steps = table.steps
        self._asked = 0
        """Requested steps: one that fails is not requested again."""

    @property
    def top(self) -> int:
        """The number of steps."""
        return len(self._steps)

    @property
    def knobs(self) -> frozenset[str]:
        """None: the user owns no knob for good."""
        return frozenset()

    @property
    def named(self) -> frozenset[str]:
        """All knobs of all steps."""
        return frozenset(knob for step in self._steps for knob in (*step.set, *step.unpin, *step.stop_ramps))

    def checked_values(self) -> list[KnobValues]:
        """Return the values of all steps whose values were not in force before."""
        return [dict(step.set) for step in self._steps if not step.again]

    def values(self, level: int) -> KnobValues:
        """Return what the first `level` steps have set and not given back."""
        values: KnobValues = {}
        for step in self._steps[:level]:
            values |= step.set
            values = {knob: value for knob, value in values.items() if knob not in step.unpin}
        return values

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Return True: others may change what it has set."""
        return True

    def level_text(self, level: int) -> str:
        """Return the number of replayed steps."""
        return f"{level} of {self.top} steps"

    def move(self, level: int) -> None:
        """Continue after the first `level` steps; a lower level replays steps again."""
        self._asked = level if level < self.level else max(level, self._asked)
        super().move(level)

    def refused(self, decision: Decision) -> None:
        """Skip the rejected step."""
        super().refused(decision)
        self._asked = max(self._asked, self.level if decision.level is None else decision.level)

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return the steps that are due, up to a late one."""
        return self._taken(iteration, metrics, late=False)

    def ask_late(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Return the late steps that are due; called after `ask`."""
        return self._taken(iteration, metrics, late=True) if self.mode == "auto" else []

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Describe the next step."""
        if self._asked == self.top:
            return "all steps replayed"
        step = self._steps[self._asked]
        what = ", ".join([*step.set, *step.unpin, *step.stop_ramps])
        if step.iteration is not None:
            return f"{what} at iteration {step.iteration}"
        return f"{what} when {step.metric} is {step.side} {step.value:g}"

    def needs(self, iteration: int, metrics: Metrics) -> list[Need]:
        """Return the iteration or the metric of the next step."""
        if self._asked == self.top:
            return []
        step = self._steps[self._asked]
        if step.iteration is not None:
            before = (one.iteration for one in reversed(self._steps[: self._asked]) if one.iteration is not None)
            return [Need("iteration", iteration + 1, step.iteration, next(before, 0))]
        return [Need(step.metric, measured(metrics, step.metric), step.value, below=step.side == "below")]

    def _taken(self, iteration: int, metrics: Metrics, late: bool) -> list[Decision]:
        decisions: list[Decision] = []
        while self._asked < self.top and _is_due(step := self._steps[self._asked], iteration, metrics):
            if step.late and not late:
                break
            self._asked += 1
            decisions.append(_decision(self._asked, step))
        return decisions


def _is_due(step: RecordedStep, iteration: int, metrics: Metrics) -> bool:
    """Tell whether a step is to be taken after `iteration`, to be in force in the next."""
    if step.iteration is not None:
        return iteration + 1 >= step.iteration
    value = measured(metrics, step.metric)
    if value is None:
        return False
    return value >= step.value if step.side == "above" else value <= step.value


def _decision(level: int, step: RecordedStep) -> Decision:
    ramp = step.ramp
    return Decision(
        level=level,
        values=dict(step.set),
        note=step.note,
        ramp_iterations=0 if ramp is None else ramp.iterations,
        ramp_shape="linear" if ramp is None else ramp.shape,
        ramped=() if ramp is None else ramp.knobs,
        when=step.when,
        unpin=step.unpin,
        stop_ramps=step.stop_ramps,
        again=step.again,
    )
