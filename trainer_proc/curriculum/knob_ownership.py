"""What a change that somebody asks for means for a curriculum: a knob has one owner at a time.

In `auto` and `manual` a curriculum's knobs are as its level says. Whatever would have them otherwise puts it on `hold`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import level_knob, mode_knob
from trainer_proc.contract.knob import Value, number_of
from trainer_proc.contract.messages import Change, InterventionQueued


@dataclass(frozen=True)
class Asked:
    """What is asked for: values by knob, and whether they were in force before, as with an undo.

    `loose` knobs won't stay as they are: they are given back, put on a ramp or taken off one.
    """

    values: dict[str, Value]
    loose: frozenset[str]
    is_again: bool


@dataclass(frozen=True)
class Meaning:
    """What that brings for one curriculum: values, its mode among them, and ramps that end."""

    values: dict[str, Value]
    stop_ramps: frozenset[str] = frozenset()


def expanded(
    queued: InterventionQueued, curricula: tuple[Curriculum, ...], in_force: Mapping[str, Value]
) -> InterventionQueued:
    """Return what was asked for with what it means for `curricula`; `in_force` are all knobs' values before it."""
    is_again = queued.undoes is not None or queued.redoes is not None or queued.origin == "guard"
    asked = {change.knob: change.new for change in queued.changes}
    ramped = () if queued.ramp is None else queued.ramp.targets or asked
    loose = frozenset((*queued.unpin, *queued.stop_ramps, *ramped))
    values, stops = dict(asked), set(queued.stop_ramps)
    for curriculum in sorted(curricula, key=lambda one: bool(one.knobs)):  # a recording may turn what others own
        meaning = meaning_of(Asked(values, loose, is_again), curriculum, in_force)
        values |= meaning.values
        stops |= meaning.stop_ramps
    if values == asked and stops == set(queued.stop_ramps):
        return queued
    ramp = queued.ramp
    if ramp is not None and not ramp.targets:  # of what was asked for, not of what it brings
        ramp = msgspec.structs.replace(ramp, targets=asked)
    changes = tuple(Change(name, in_force[name], value) for name, value in values.items())
    return msgspec.structs.replace(queued, changes=changes, ramp=ramp, stop_ramps=tuple(sorted(stops)))


def meaning_of(asked: Asked, curriculum: Curriculum, in_force: Mapping[str, Value]) -> Meaning:
    """Return what `asked` brings for one curriculum.

    A level brings its values, and `manual` unless a mode is named with it. Leaving `hold` brings the level's values
    back. Turning a knob of the curriculum's puts it on `hold`, and so does an undo of its own decision if it would
    decide the same at once. What it has on a ramp stays where it is when it stops deciding.
    """
    level_asked, mode_asked = (
        asked.values.get(level_knob(curriculum.name)),
        asked.values.get(mode_knob(curriculum.name)),
    )
    own = {knob: value for knob, value in asked.values.items() if knob in curriculum.knobs}
    if level_asked is None and mode_asked is None and not own and not curriculum.knobs & asked.loose:
        return Meaning({})
    level = curriculum.level if level_asked is None else int(number_of(level_asked))
    values = _brought(curriculum, level, asked) | own
    mode = mode_asked
    if mode is None and (level_asked is not None or asked.is_again):
        mode = curriculum.mode if asked.is_again else "manual"
    if mode is None or (mode != "hold" and _must_hold(curriculum, level, asked, {**in_force, **values}, mode_asked)):
        mode = "hold"
    if mode_asked is not None or mode != curriculum.mode:
        values[mode_knob(curriculum.name)] = mode
    decides_no_more = curriculum.mode == "auto" != mode
    return Meaning(values, curriculum.knobs - values.keys() if decides_no_more else frozenset())


def _brought(curriculum: Curriculum, level: int, asked: Asked) -> dict[str, Value]:
    """Return the values that a level brings when it is named or when `hold` is left."""
    mode = asked.values.get(mode_knob(curriculum.name))
    is_named = level_knob(curriculum.name) in asked.values
    if curriculum.knobs:
        leaves_hold = curriculum.mode == "hold" and mode not in (None, "hold")
        return dict(curriculum.values(level)) if is_named or leaves_hold else {}
    return dict(curriculum.values(level)) if is_named and not asked.is_again else {}  # a recording: others' knobs


def _must_hold(
    curriculum: Curriculum, level: int, asked: Asked, then: Mapping[str, Value], mode_asked: Value | None
) -> bool:
    is_loose = bool(curriculum.knobs & asked.loose)
    undoes_itself = asked.is_again and mode_asked is None and curriculum.mode == "auto" and curriculum.repeats_itself
    return is_loose or undoes_itself or not curriculum.agrees(level, then)
