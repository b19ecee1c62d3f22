"""Curricula at work: their levels, modes and limits as knobs, and their decisions as interventions.

A decision is carried out like a person's request: by the one writer, between two iterations, on every rank.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from curricula.curriculum import MODES, Curriculum, Decision
from curricula.recording import RecordingCurriculum
from curricula.schedule import ScheduleCurriculum
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.wire.knob import Knob, KnobType, Value
from trainer_proc.wire.messages import Change, InterventionQueued, Origin, Ramp

KIND = "curriculum"


class CurriculumControl:
    """All curricula of a training. Used by the training thread only."""

    def __init__(self, curricula: Iterable[Curriculum] = ()) -> None:
        """Drive `curricula`, which own no knob twice."""
        self._curricula = tuple(curricula)

    def knobs(self) -> list[LiveKnob]:
        """Return `curriculum/<name>/level`, `mode` and the limits of each."""
        return [knob for curriculum in self._curricula for knob in _knobs(curriculum)]

    def levels(self) -> list[tuple[str, dict[str, Value]]]:
        """Return the knob values of every level of every curriculum, with its name."""
        return [
            (curriculum.name, dict(curriculum.values(level)))
            for curriculum in self._curricula
            for level in range(curriculum.top + 1)
        ]

    def begin(self, restored: Collection[str]) -> list[InterventionQueued]:
        """Return what sets the first levels; curricula whose level is among the `restored` knobs go on with it."""
        return [
            InterventionQueued(
                0,
                _origin(curriculum),
                _changes(_level_knob(curriculum), curriculum.level, curriculum.values(curriculum.level)),
                f"curriculum {curriculum.name} begins",
                when="now",
            )
            for curriculum in self._curricula
            if curriculum.mode != "hold"
            and curriculum.values(curriculum.level)
            and _level_knob(curriculum) not in restored
        ]

    def decide(self, iteration: int, metrics: Mapping[str, float]) -> list[InterventionQueued]:
        """Return what the curricula ask for after `iteration`; called once for each."""
        return [
            self._asked(curriculum, decision)
            for curriculum in self._curricula
            for decision in curriculum.step(iteration, metrics)
        ]

    def metrics(self) -> dict[str, float]:
        """Return `Curriculum/<name>/level` and `episodes`, those finished at the level, of each."""
        return {
            f"Curriculum/{curriculum.name}/{name}": float(value)
            for curriculum in self._curricula
            for name, value in (("level", curriculum.level), ("episodes", curriculum.episodes))
        }

    def expanded(self, queued: InterventionQueued, asked_by: Curriculum | None = None) -> InterventionQueued:
        """Return what a person, or a recording of one, asked for, with what it means for the other curricula.

        A level brings its values, and `manual` unless a mode is named with it. Leaving `hold` brings the level's values
        back. Turning a knob that a curriculum owns puts that one on `hold`: a knob has one owner at a time.
        """
        if queued.undoes is not None or queued.redoes is not None:
            return queued  # what it meant then is among its changes
        asked = {change.knob: change.new for change in queued.changes}
        meant: dict[str, Value] = {}
        for curriculum in (other for other in self._curricula if other is not asked_by):
            meant |= _meant(curriculum, asked, {*asked, *queued.unpin})
        added = tuple(Change(name, value, value) for name, value in meant.items() if name not in asked)
        if not added:
            return queued
        ramp = queued.ramp
        if ramp is not None and not ramp.targets:  # of what was asked for, not of what it brings
            ramp = msgspec.structs.replace(ramp, targets=asked)
        return msgspec.structs.replace(queued, changes=(*queued.changes, *added), ramp=ramp)

    def _asked(self, curriculum: Curriculum, decision: Decision) -> InterventionQueued:
        ramp = None
        if decision.ramp_iterations > 1:
            ramp = Ramp(decision.ramp_iterations, decision.ramp_shape, dict(decision.values))
        queued = InterventionQueued(
            0,
            _origin(curriculum),
            _changes(_level_knob(curriculum), decision.level, decision.values),
            decision.note,
            when=decision.when,
            ramp=ramp,
            unpin=decision.unpin,
            stop_ramps=decision.stop_ramps,
        )
        return self.expanded(queued, curriculum) if isinstance(curriculum, RecordingCurriculum) else queued


def _meant(curriculum: Curriculum, asked: Mapping[str, Value], touched: Collection[str]) -> dict[str, Value]:
    """Return what else changes, for one curriculum, if a person asks for `asked` and touches the knobs `touched`."""
    level, mode = asked.get(_level_knob(curriculum)), asked.get(_mode_knob(curriculum))
    if level is not None:
        values: dict[str, Value] = dict(curriculum.values(int(float(level))))  # type: ignore[arg-type]
        return (
            values if mode is not None or curriculum.mode == "manual" else {_mode_knob(curriculum): "manual", **values}
        )
    if mode is not None:
        leaves_hold = curriculum.mode == "hold" and mode != "hold"
        return dict(curriculum.values(curriculum.level)) if leaves_hold else {}
    if curriculum.mode != "hold" and curriculum.knobs & set(touched):
        return {_mode_knob(curriculum): "hold"}
    return {}


def _level_knob(curriculum: Curriculum) -> str:
    return f"{KIND}/{curriculum.name}/level"


def _mode_knob(curriculum: Curriculum) -> str:
    return f"{KIND}/{curriculum.name}/mode"


def _origin(curriculum: Curriculum) -> Origin:
    return "schedule" if isinstance(curriculum, ScheduleCurriculum | RecordingCurriculum) else "curriculum"


def _changes(level_knob: str, level: int | None, values: Mapping[str, Value]) -> tuple[Change, ...]:
    moved = () if level is None else (Change(level_knob, float(level), float(level)),)
    return (*moved, *(Change(name, value, value) for name, value in values.items()))


def _knobs(curriculum: Curriculum) -> list[LiveKnob]:
    metric = f"Curriculum/{curriculum.name}/level"
    level = _knob(
        _level_knob(curriculum),
        "integer",
        lambda: float(curriculum.level),
        lambda value: curriculum.move(int(value)),
        minimum=0.0,
        maximum=float(curriculum.top),
        metric=metric,
    )
    mode = _knob(_mode_knob(curriculum), "choice", lambda: curriculum.mode, curriculum.enter, choices=MODES)
    return [level, mode, *(_limit_knob(curriculum, name) for name in curriculum.limits)]


def _limit_knob(curriculum: Curriculum, name: str) -> LiveKnob:
    limit = curriculum.limits[name]

    def write(value: float) -> None:
        curriculum.limits[name] = replace(curriculum.limits[name], value=value)

    return _knob(
        f"{KIND}/{curriculum.name}/{name}",
        "integer" if limit.whole else "number",
        lambda: curriculum.limits[name].value,
        write,
        unit=limit.unit,
        minimum=limit.minimum,
        maximum=limit.maximum,
    )


def _knob(name: str, kind: KnobType, read: Callable[[], Any], write: Callable[[Any], None], **fields: Any) -> LiveKnob:
    value = float(read()) if kind != "choice" else read()
    description = Knob(name, KIND, value, value, "next iteration", type=kind, **fields)
    return LiveKnob(description, lambda: float(read()) if kind != "choice" else read(), write)
