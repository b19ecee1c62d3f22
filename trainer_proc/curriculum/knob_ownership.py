"""The effect of requested changes on curricula: every knob has one owner at a time.

In `auto` and `manual`, a curriculum's knobs have the values of its level. A change to other values puts it on `hold`.
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
class RequestedChange:
    """A change, before its effects on curricula are added."""

    values: dict[str, Value]
    """Target values by knob."""
    unsettled: frozenset[str]
    """Knobs whose values will not stay: they are unpinned, begin a ramp or end one."""
    restores: bool
    """Whether the values were in force before, as with an undo."""


@dataclass(frozen=True)
class Effect:
    """What a change means for one curriculum."""

    values: dict[str, Value]
    """Values to set in addition, its mode among them."""
    stop_ramps: frozenset[str] = frozenset()
    """Knobs whose ramps end."""


def expanded(
    queued: InterventionQueued, curricula: tuple[Curriculum, ...], in_force: Mapping[str, Value]
) -> InterventionQueued:
    """Return `queued` with its effects on `curricula` added; `in_force` are all knobs' values before it."""
    restores = queued.undoes is not None or queued.redoes is not None or queued.origin == "guard"
    requested = {change.knob: change.new for change in queued.changes}
    ramped = () if queued.ramp is None else queued.ramp.targets or requested
    unsettled = frozenset((*queued.unpin, *queued.stop_ramps, *ramped))
    values, stops = dict(requested), set(queued.stop_ramps)
    for curriculum in sorted(curricula, key=lambda one: bool(one.knobs)):  # recordings first: they may set owned knobs
        effect = effect_on(curriculum, RequestedChange(values, unsettled, restores), in_force)
        values |= effect.values
        stops |= effect.stop_ramps
    if values == requested and stops == set(queued.stop_ramps):
        return queued
    ramp = queued.ramp
    if ramp is not None and not ramp.targets:  # only the requested values are ramped, not the effects
        ramp = msgspec.structs.replace(ramp, targets=requested)
    changes = tuple(Change(name, in_force[name], value) for name, value in values.items())
    return msgspec.structs.replace(queued, changes=changes, ramp=ramp, stop_ramps=tuple(sorted(stops)))


def effect_on(curriculum: Curriculum, requested: RequestedChange, in_force: Mapping[str, Value]) -> Effect:
    """Return the effect of a change on one curriculum.

    A level sets its values, and the mode `manual` unless a mode is set with it. Leaving `hold` sets the level's values.
    Changing an owned knob sets `hold`, and so does undoing its own decision if it would repeat the decision at once.
    When it stops deciding, its ramps stop where they are.
    """
    level_requested = requested.values.get(level_knob(curriculum.name))
    mode_requested = requested.values.get(mode_knob(curriculum.name))
    own = {knob: value for knob, value in requested.values.items() if knob in curriculum.knobs}
    is_concerned = level_requested is not None or mode_requested is not None or own
    if not is_concerned and not curriculum.knobs & requested.unsettled:
        return Effect({})
    level = curriculum.level if level_requested is None else int(number_of(level_requested))
    values = _level_values(curriculum, level, requested) | own
    mode = mode_requested
    if mode is None and (level_requested is not None or requested.restores):
        mode = curriculum.mode if requested.restores else "manual"
    after = {**in_force, **values}
    if mode is None or (mode != "hold" and _must_hold(curriculum, level, requested, after)):
        mode = "hold"
    if mode_requested is not None or mode != curriculum.mode:
        values[mode_knob(curriculum.name)] = mode
    stops_deciding = curriculum.mode == "auto" != mode
    return Effect(values, curriculum.knobs - values.keys() if stops_deciding else frozenset())


def _level_values(curriculum: Curriculum, level: int, requested: RequestedChange) -> dict[str, Value]:
    """Return the values of a level if the change sets it or leaves `hold`."""
    mode = requested.values.get(mode_knob(curriculum.name))
    sets_level = level_knob(curriculum.name) in requested.values
    if curriculum.knobs:
        leaves_hold = curriculum.mode == "hold" and mode not in (None, "hold")
        return dict(curriculum.values(level)) if sets_level or leaves_hold else {}
    # a recording sets knobs that others own
    return dict(curriculum.values(level)) if sets_level and not requested.restores else {}


def _must_hold(curriculum: Curriculum, level: int, requested: RequestedChange, after: Mapping[str, Value]) -> bool:
    """Return whether `auto` or `manual` would contradict the values `after` the change."""
    is_unsettled = bool(curriculum.knobs & requested.unsettled)
    sets_mode = mode_knob(curriculum.name) in requested.values
    would_repeat = requested.restores and not sets_mode and curriculum.mode == "auto" and curriculum.repeats_itself
    return is_unsettled or would_repeat or not curriculum.agrees(level, after)
