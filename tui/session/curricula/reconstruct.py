"""Curricula of a run in their current state, reconstructed from the journal with the rules of `curricula`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from curricula.curriculum import FINISHED_EPISODES, Curriculum, Mode
from curricula.curriculum_knobs import curriculum_knob, level_knob, mode_knob
from curricula.load import make_curricula
from curricula.needs import Need
from trainer_proc.contract.messages import Change
from tui.session.state import RunState


def curricula_now(state: RunState) -> list[Curriculum]:
    """Return the run's curricula after its newest iteration, for display only.

    Raises `SchemaError` for a kind that this version does not know.
    """
    if state.started is None:
        return []
    curricula = make_curricula(state.started.curricula)
    for curriculum in curricula:
        if level_knob(curriculum.name) in state.knobs:  # available after the environment is built
            _bring_up_to_date(curriculum, state)
    return curricula


def curriculum_of_knob(knob: str, curricula: list[Curriculum]) -> Curriculum | None:
    """Return the curriculum that owns or changes `knob`."""
    return next((one for one in curricula if knob.startswith(curriculum_knob(one.name, "")) or knob in one.knobs), None)


def outlook(curriculum: Curriculum, state: RunState) -> str:
    """Return the next step in mode `auto`, in one line."""
    return curriculum.outlook(_newest_iteration(state), state.latest)


def conditions(curriculum: Curriculum, state: RunState) -> str:
    """Return the conditions of the next step in mode `auto`, in one line without the values of `needs`."""
    return curriculum.conditions(_newest_iteration(state), state.latest)


def needs(curriculum: Curriculum, state: RunState) -> list[Need]:
    """Return what is needed for the next step in mode `auto`."""
    return curriculum.needs(_newest_iteration(state), state.latest)


def moved_at(curriculum: Curriculum, state: RunState) -> int | None:
    """Return the first iteration at the current level; None if it began there."""
    knob = level_knob(curriculum.name)
    return _last_change(state, lambda change: change.knob == knob and change.old != change.new)


def curriculum_records(state: RunState) -> list[dict[str, Any]]:
    """Return plain values of each curriculum, for JSON. Raises `SchemaError`."""
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "level": one.level,
            "top": one.top,
            "level_text": one.level_text(one.level),
            "mode": one.mode,
            "limits": {name: limit.value for name, limit in one.limits.items()},
            "iterations_at_level": one.stayed,
            "episodes_at_level": one.episodes,
            "outlook": outlook(one, state),
            "needs": [{"what": need.what, "have": need.have, "needed": need.needed} for need in needs(one, state)],
        }
        for one in curricula_now(state)
    ]


def _newest_iteration(state: RunState) -> int:
    return state.first_iteration if state.iteration is None else state.iteration


def _bring_up_to_date(curriculum: Curriculum, state: RunState) -> None:
    curriculum.move(min(_whole(cast(float, state.knobs[level_knob(curriculum.name)].value)), curriculum.top))
    curriculum.enter(cast(Mode, state.knobs[mode_knob(curriculum.name)].value))
    for name, limit in curriculum.limits.items():
        knob = state.knobs.get(curriculum_knob(curriculum.name, name))  # absent in other versions
        curriculum.limits[name] = limit if knob is None else replace(limit, value=cast(float, knob.value))
    names = (level_knob(curriculum.name), mode_knob(curriculum.name))
    began = _last_change(state, lambda change: _begins_a_stay(change, *names))
    finished = state.first_iteration if state.iteration is None else state.iteration + 1
    curriculum.stayed = finished - (state.first_iteration if began is None else began)
    if curriculum.stayed:  # the metric excludes the newest iteration
        published = state.latest.get(f"Curriculum/{curriculum.name}/episodes", 0.0)
        curriculum.episodes = _whole(published + state.latest.get(FINISHED_EPISODES, 0.0))


def _whole(value: float) -> int:
    """Return the value without its fraction; 0 for what is not finite, which a journal may have."""
    return int(value) if math.isfinite(value) else 0


def _begins_a_stay(change: Change, level: str, mode: str) -> bool:
    """Return whether stay and episodes at a level count from this change: a new level, or the end of a hold."""
    is_other = change.old != change.new
    return is_other and (change.knob == level or (change.knob == mode and change.old == "hold"))


def _last_change(state: RunState, matches: Callable[[Change], bool]) -> int | None:
    """Return the iteration of the newest matching change; None if there is none."""
    changes = (
        (applied.iteration, change) for applied in reversed(state.interventions.values()) for change in applied.changes
    )
    return next((iteration for iteration, change in changes if matches(change)), None)
