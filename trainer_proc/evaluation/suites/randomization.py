"""`randomization`: each range at its lowest and at its highest value, all others in their middle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from trainer_proc.contract.evaluation import Axis, SuiteName
from trainer_proc.contract.knob import Knob, Value, number_text
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.latency import ActionDelay
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, SuiteRefused, Trial
from trainer_proc.simulators.interface import Simulator

NOMINAL = "nominal"
_LATENCY_S = 0.02
"""Usual latency (s) between a policy and its motors; rounded up to whole steps."""
_TYPICAL_RANGES = 9
"""For the number of environments, before the environment is built."""


@dataclass(frozen=True)
class Corner:
    """One cell: a value for every range, and the delay of actions in environment steps."""

    name: str
    values: Mapping[str, Value]
    delay: int = 0


class Randomization(Suite):
    """A cell for each end of each startup range, one for a late action, and one with all ranges in their middle.

    Ranges are those in force; one that the task does not have, but that this program offers, is the usual one.
    """

    name: ClassVar[SuiteName] = "randomization"
    episodes = 8

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        return 2 * _TYPICAL_RANGES + 2

    def plan(self, stage: Stage) -> Plan:
        if stage.simulator is None or not hasattr(stage.task, "event_manager"):
            raise SuiteRefused("randomization: expected a task with an event manager, got none: use quick")
        knobs = [
            knob
            for knob in stage.steering.interventions.knobs.descriptions()
            if knob.kind == "randomization" and knob.can_resample_now and knob.type == "range"
        ]
        found = corners(knobs)
        stage.notes += _not_varied(stage, stage.simulator, knobs)
        delay = ActionDelay(stage.task, math.ceil(round(_LATENCY_S / float(stage.task.step_dt), 6)))
        late = f"latency {number_text(delay.most * float(stage.task.step_dt))} s"
        found.append(Corner(late, found[0].values, delay.most))
        return Plan(
            axes=(Axis("range", values=tuple(corner.name for corner in found)),),
            cells=[{"range": corner.name} for corner in found],
            trial=_Trial(stage, found, delay),
        )


def corners(knobs: Sequence[Knob]) -> list[Corner]:
    """Return the nominal corner, then the low and the high end of each range that is wider than a value."""
    ends = {knob.name: _ends(knob) for knob in knobs}
    middle: dict[str, Value] = {knob.name: _middle(knob, *ends[knob.name]) for knob in knobs}
    found = [Corner(NOMINAL, middle)]
    for knob in knobs:
        low, high = ends[knob.name]
        for end in (low, high) if low < high else ():
            found.append(Corner(f"{_short(knob.name)} {_text(knob, end)}", middle | {knob.name: (end, end)}))
    return found


def _short(knob: str) -> str:
    return knob.removeprefix("event/")


def _text(knob: Knob, value: float) -> str:
    number = number_text(value)
    return f"×{number}" if knob.unit == "×" else f"{number} {knob.unit}".rstrip()


def _ends(knob: Knob) -> tuple[float, float]:
    """Return the range in force; the usual one where the one in force has no effect or no width."""
    low, high = _pair(knob.value)
    return _pair(knob.usual) if low == high and knob.usual is not None else (low, high)


def _middle(knob: Knob, low: float, high: float) -> Value:
    """Return the value without effect where one is known, else the middle of the range."""
    if knob.usual is not None:
        return knob.default
    middle = (low + high) / 2.0
    return middle, middle


def _pair(value: Value) -> tuple[float, float]:
    assert isinstance(value, tuple)
    return value


def _not_varied(stage: Stage, simulator: Simulator, knobs: Sequence[Knob]) -> list[str]:
    """Return a line for each quantity that no range of the task varies, and for each range of a single value."""
    names = {knob.name for knob in knobs}
    events = stage.task.event_manager
    terms = {name: events.get_term_cfg(name) for of_mode in events.active_terms.values() for name in of_mode}
    varied = {name.split("/")[1] for name in names}
    fields = frozenset(field for name in varied & set(terms) for field in simulator.fields_written(terms[name]))
    missing = [
        _short(one.knob)
        for one in simulator.default_randomization
        if one.knob not in names and not one.sampler.fields & fields
    ]
    notes = [f"not varied: {', '.join(missing)}: the robot or the simulator has none"] if missing else []
    single = [_short(knob.name) for knob in knobs if _ends(knob)[0] == _ends(knob)[1]]
    return [*notes, *([f"not varied: {', '.join(single)}: the range in force is one value"] if single else [])]


class _Trial(Trial):
    def __init__(self, stage: Stage, found: Sequence[Corner], delay: ActionDelay) -> None:
        self._stage, self._corners, self._delay = stage, found, delay

    def begin(self, cells: torch.Tensor) -> None:
        delays = torch.tensor([corner.delay for corner in self._corners], device=cells.device)
        self._delay.delays = delays[cells]
        in_force = dict(self._corners[0].values)
        self._stage.set_in(torch.arange(len(cells), device=cells.device), in_force)
        for number, corner in enumerate(self._corners):
            of_cell = (cells == number).nonzero().flatten()
            changed = {knob: value for knob, value in corner.values.items() if value != in_force[knob]}
            if changed and len(of_cell):
                self._stage.set_in(of_cell, changed)
                in_force |= changed
