"""Curricula at work: their levels, modes and limits as knobs, and their decisions as interventions.

A decision is carried out like a person's request: by the one writer, between two iterations, on every rank.
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
    """All curricula of a training. Used by the training thread only."""

    def __init__(self, curricula: Iterable[Curriculum] = ()) -> None:
        """Drive `curricula`, which own no knob twice."""
        self._curricula = tuple(curricula)
        self._recordings = tuple(one for one in self._curricula if isinstance(one, RecordingCurriculum))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._curricula)

    @property
    def kept(self) -> frozenset[str]:
        """Knobs that no undo lets go: those that one of them owns, its level and its mode."""
        return frozenset(
            knob for one in self._curricula for knob in (*one.knobs, level_knob(one.name), mode_knob(one.name))
        )

    def knobs(self) -> list[LiveKnob]:
        """Return `curriculum/<name>/level`, `mode` and the limits of each."""
        return [knob for curriculum in self._curricula for knob in _knobs(curriculum)]

    def checked_values(self) -> list[tuple[str, dict[str, Value]]]:
        """Return all values that a curriculum may ask for and that must be within bounds, with its name."""
        return [(one.name, dict(asked)) for one in self._curricula for asked in one.checked_values()]

    def named(self) -> list[tuple[str, Collection[str]]]:
        """Return all knobs that a curriculum may ask for, with its name."""
        return [(curriculum.name, sorted(curriculum.named)) for curriculum in self._curricula]

    def without_own_ramps(self, state: SteeringState) -> SteeringState:
        """Return what a checkpoint carried without the ramps that schedules in `auto` ask for again by themselves."""
        modes = {one.name: state.values.get(mode_knob(one.name), one.mode) for one in self._curricula}
        asked_again = {knob for one in self._curricula if modes[one.name] == "auto" for knob in one.knobs}
        return msgspec.structs.replace(state, ramps=tuple(one for one in state.ramps if one.knob not in asked_again))

    def begin(
        self, iteration: int, restored: Collection[str], in_force: Mapping[str, Value]
    ) -> list[InterventionQueued]:
        """Return what sets the levels that the first `iteration` begins with.

        A curriculum whose level is among the `restored` knobs goes on with what a checkpoint brought: its values are
        set only if they are `in_force` no more, because the preset has changed.
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
                    note="its level has other values",
                )
            orders.append(_intervention(curriculum, replace(decision, when="now")))
        return orders

    def hold(self, refused: InterventionQueued) -> InterventionQueued:
        """Return what puts a curriculum on hold whose first level was `refused`."""
        (curriculum,) = (one for one in self._curricula if refused.changes[0].knob == level_knob(one.name))
        return _intervention(curriculum, Decision(values={mode_knob(curriculum.name): "hold"}, note="can't begin"))

    def count(self, metrics: Metrics) -> None:
        """Take in the metrics of an iteration that has finished; once for each, before anything is asked for."""
        for curriculum in self._curricula:
            curriculum.count(metrics)

    def replay(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[CurriculumOrder]:
        """Return what recordings ask for after `iteration`, at the time when a person's requests arrive."""
        return [
            CurriculumOrder(recording.name, _intervention(recording, decision))
            for recording in self._recordings
            for decision in recording.ask(iteration, metrics, in_force)
        ]

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[CurriculumOrder]:
        """Return what all others ask for after `iteration`, with the values `in_force` after a person's requests.

        Then what recordings ask for as late as that.
        """
        others = (one for one in self._curricula if not isinstance(one, RecordingCurriculum))
        decided = [(one, decision) for one in others for decision in one.ask(iteration, metrics, in_force)]
        late = [(one, decision) for one in self._recordings for decision in one.ask_late(iteration, metrics)]
        return [CurriculumOrder(one.name, _intervention(one, decision)) for one, decision in (*decided, *late)]

    def refused(self, order: CurriculumOrder) -> None:
        """Tell a curriculum that what it asked for could not be carried out."""
        curriculum = next(one for one in self._curricula if one.name == order.curriculum)
        levels = [change.new for change in order.requested.changes if change.knob == level_knob(curriculum.name)]
        curriculum.refused(Decision(level=int(number_of(levels[0])) if levels else None))

    def metrics(self) -> dict[str, float]:
        """Return `Curriculum/<name>/level` and `episodes`, those finished at the level, of each."""
        return {
            f"Curriculum/{curriculum.name}/{name}": float(value)
            for curriculum in self._curricula
            for name, value in (("level", curriculum.level), ("episodes", curriculum.episodes))
        }

    def expanded(self, queued: InterventionQueued, in_force: Mapping[str, Value]) -> InterventionQueued:
        """Return what somebody asked for with what it means for the curricula; see `curriculum_meaning`."""
        return expanded(queued, self._curricula, in_force)


def _intervention(curriculum: Curriculum, decision: Decision) -> InterventionQueued:
    ramp = None
    if decision.ramp_iterations > 1:
        ramped = {knob: decision.values[knob] for knob in decision.ramped or decision.values}
        ramp = Ramp(decision.ramp_iterations, decision.ramp_shape, ramped)
    is_recording = isinstance(curriculum, RecordingCurriculum)
    level: dict[str, Value] = {} if decision.level is None else {level_knob(curriculum.name): float(decision.level)}
    return InterventionQueued(
        0,
        curriculum.origin,
        tuple(Change(name, value, value) for name, value in (level | decision.values).items()),
        decision.note if is_recording else f"{curriculum.name}: {decision.note}",
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
    description = Knob(name, CURRICULUM_KIND, value, value, "next iteration", type=kind, **fields)
    return LiveKnob(description, lambda: float(read()) if kind != "choice" else read(), write)
