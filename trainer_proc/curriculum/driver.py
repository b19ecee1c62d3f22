"""Drives curricula: their levels, modes and limits are knobs, and their decisions become interventions.

A decision is applied like a user request: by the only writer, between two iterations, on every rank.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from curricula.curriculum import MODES, Curriculum, Decision, Metrics
from curricula.curriculum_knobs import curriculum_knob, level_knob, mode_knob
from curricula.recording import RecordingCurriculum
from trainer_proc.contract.knob import CURRICULUM_KIND, Knob, KnobType, Value, number_of
from trainer_proc.contract.messages import Change, InterventionQueued, Ramp
from trainer_proc.curriculum.knob_ownership import expanded
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.steering.ranks import CurriculumOrder
from trainer_proc.steering.state import SteeringState


class CurriculumDriver:
    """All curricula of a training, none of which own the same knob. Used by the training thread only.

    The methods are those of `steering.curricula.Curricula`.
    """

    def __init__(self, curricula: Iterable[Curriculum] = ()) -> None:
        self._curricula = tuple(curricula)
        self._recordings = tuple(one for one in self._curricula if isinstance(one, RecordingCurriculum))

    def __bool__(self) -> bool:
        return bool(self._curricula)

    @property
    def kept(self) -> frozenset[str]:
        return frozenset(
            knob for one in self._curricula for knob in (*one.knobs, level_knob(one.name), mode_knob(one.name))
        )

    def knobs(self) -> list[LiveKnob]:
        """Return `level`, `mode` and the limits of each, named `curriculum/<name>/…`."""
        return [knob for curriculum in self._curricula for knob in _knobs(curriculum)]

    def checked_values(self) -> list[tuple[str, dict[str, Value]]]:
        return [(one.name, dict(values)) for one in self._curricula for values in one.checked_values()]

    def named(self) -> list[tuple[str, Collection[str]]]:
        return [(curriculum.name, sorted(curriculum.named)) for curriculum in self._curricula]

    def without_own_ramps(self, state: SteeringState) -> SteeringState:
        modes = {one.name: state.values.get(mode_knob(one.name), one.mode) for one in self._curricula}
        requested_again = {knob for one in self._curricula if modes[one.name] == "auto" for knob in one.knobs}
        return msgspec.structs.replace(
            state, ramps=tuple(one for one in state.ramps if one.knob not in requested_again)
        )

    def begin(
        self, iteration: int, restored: Collection[str], in_force: Mapping[str, Value]
    ) -> list[InterventionQueued]:
        """Return the changes that set the first levels.

        A curriculum whose level is among the `restored` knobs continues with the checkpoint's values. They are set
        again only if other values are `in_force`, because the preset has changed.
        """
        orders = []
        for curriculum in (one for one in self._curricula if one.knobs and one.mode != "hold"):
            decision = curriculum.begin(iteration)
            if level_knob(curriculum.name) in restored:
                if curriculum.agrees(curriculum.level, in_force):
                    continue
                decision = Decision(
                    level=curriculum.level,
                    values=curriculum.values(curriculum.level),
                    note="values of its level have changed",
                )
            orders.append(_intervention(curriculum, replace(decision, when="now")))
        return orders

    def hold(self, refused: InterventionQueued) -> InterventionQueued:
        (curriculum,) = (one for one in self._curricula if refused.changes[0].knob == level_knob(one.name))
        return _intervention(curriculum, Decision(values={mode_knob(curriculum.name): "hold"}, note="can't start"))

    def count(self, metrics: Metrics) -> None:
        for curriculum in self._curricula:
            curriculum.count(metrics)

    def replay(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[CurriculumOrder]:
        return [
            CurriculumOrder(recording.name, _intervention(recording, decision))
            for recording in self._recordings
            for decision in recording.ask(iteration, metrics, in_force)
        ]

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[CurriculumOrder]:
        """Return the decisions of all curricula except recordings, then the late requests of recordings."""
        others = (one for one in self._curricula if not isinstance(one, RecordingCurriculum))
        decided = [(one, decision) for one in others for decision in one.ask(iteration, metrics, in_force)]
        late = [(one, decision) for one in self._recordings for decision in one.ask_late(iteration, metrics)]
        return [CurriculumOrder(one.name, _intervention(one, decision)) for one, decision in (*decided, *late)]

    def refused(self, order: CurriculumOrder) -> None:
        curriculum = next(one for one in self._curricula if one.name == order.curriculum)
        levels = [change.new for change in order.requested.changes if change.knob == level_knob(curriculum.name)]
        curriculum.refused(Decision(level=int(number_of(levels[0])) if levels else None))

    def metrics(self) -> dict[str, float]:
        return {
            f"Curriculum/{curriculum.name}/{name}": float(value)
            for curriculum in self._curricula
            for name, value in (("level", curriculum.level), ("episodes", curriculum.episodes))
        }

    def expanded(self, queued: InterventionQueued, in_force: Mapping[str, Value]) -> InterventionQueued:
        return expanded(queued, self._curricula, in_force)


def _intervention(curriculum: Curriculum, decision: Decision) -> InterventionQueued:
    ramp = None
    if decision.ramp_iterations > 1:
        ramped = {knob: decision.values[knob] for knob in decision.ramped or decision.values}
        ramp = Ramp(decision.ramp_iterations, decision.ramp_shape, ramped)
    is_recording = isinstance(curriculum, RecordingCurriculum)
    level: dict[str, Value] = {} if decision.level is None else {level_knob(curriculum.name): float(decision.level)}
    return InterventionQueued(
        number=0,
        origin=curriculum.origin,
        changes=tuple(Change(name, value, value) for name, value in (level | decision.values).items()),
        note=decision.note if is_recording else f"{curriculum.name}: {decision.note}",
        when=decision.when,
        ramp=ramp,
        unpin=decision.unpin,
        stop_ramps=decision.stop_ramps,
    )


def _knobs(curriculum: Curriculum) -> list[LiveKnob]:
    metric = f"Curriculum/{curriculum.name}/level"
    level = _knob(
        level_knob(curriculum.name),
        "integer",
        lambda: float(curriculum.level),
        lambda value: curriculum.move(int(value)),
        minimum=0.0,
        maximum=float(curriculum.top),
        metric=metric,
    )
    mode = _knob(mode_knob(curriculum.name), "choice", lambda: curriculum.mode, curriculum.enter, choices=MODES)
    return [level, mode, *(_limit_knob(curriculum, name) for name in curriculum.limits)]


def _limit_knob(curriculum: Curriculum, name: str) -> LiveKnob:
    limit = curriculum.limits[name]

    def write(value: float) -> None:
        curriculum.limits[name] = replace(curriculum.limits[name], value=value)

    return _knob(
        curriculum_knob(curriculum.name, name),
        "integer" if limit.whole else "number",
        lambda: curriculum.limits[name].value,
        write,
        unit=limit.unit,
        minimum=limit.minimum,
        maximum=limit.maximum,
    )


def _knob(name: str, kind: KnobType, read: Callable[[], Any], write: Callable[[Any], None], **fields: Any) -> LiveKnob:
    value = float(read()) if kind != "choice" else read()
    description = Knob(
        name=name,
        kind=CURRICULUM_KIND,
        value=value,
        default=value,
        takes_effect="next iteration",
        type=kind,
        **fields,
    )
    return LiveKnob(description, lambda: float(read()) if kind != "choice" else read(), write)
