"""Randomization knobs for what robot learning usually randomizes and the task doesn't: off until turned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from trainer_proc.knobs.resample import Redraws
from trainer_proc.knobs.slot import SlotKnob, parameter_slot, slot_knob
from trainer_proc.simulators.interface import Simulator, Usual, is_usual


def usual_randomization_knobs(env: Any, simulator: Simulator, redraws: Redraws) -> list[SlotKnob]:
    """Return `event/<term>/<parameter>` for each usual one that applies to the robot and no term of the task draws.

    The default is neutral, whether or not the term was added at launch.
    """
    knobs: list[SlotKnob] = []
    events = {name: env.event_manager.get_term_cfg(name) for name in _event_names(env)}
    tasks_own = [cfg for cfg in events.values() if not is_usual(simulator.usual, cfg)]
    written = frozenset(field for cfg in tasks_own for field in simulator.fields_written(cfg))
    for term, usuals in groupby(simulator.usual, key=lambda usual: usual.term):
        cfg = events.get(term)
        if cfg is not None and not is_usual(simulator.usual, cfg):
            continue  # the task's own term of that name
        # two writers of one field would fight over it
        offered = [usual for usual in usuals if not usual.fields & written and usual.applies(env)]
        knobs += _term_knobs(simulator, redraws, offered, cfg)
    return knobs


def usual_terms_of(env: Any, simulator: Simulator) -> set[str]:
    """Return the names of those event terms of the environment that were added at launch."""
    return {name for name in _event_names(env) if is_usual(simulator.usual, env.event_manager.get_term_cfg(name))}


def _term_knobs(simulator: Simulator, redraws: Redraws, offered: list[Usual], cfg: Any) -> Iterator[SlotKnob]:
    if not offered:
        return
    if cfg is None:
        cfg = simulator.startup_term(offered[0].func)
    redraw = redraws.redraw_of(cfg)
    cost = simulator.cost_of_first_draw(cfg.func)
    for usual in offered:
        cfg.params.setdefault(usual.parameter, usual.neutral)
        yield slot_knob(
            parameter_slot(cfg, usual.parameter),
            name=usual.knob,
            kind="randomization",
            takes_effect="at each environment's reset",
            redraw=redraw,
            default=usual.neutral,
            minimum=usual.minimum,
            usual=usual.usual,
            may_be_drawn_now=True,
            cost=cost,
        )


def _event_names(env: Any) -> list[str]:
    return [name for names in env.event_manager.active_terms.values() for name in names]
