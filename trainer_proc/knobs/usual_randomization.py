"""Randomization knobs for what robot learning usually randomizes and the task doesn't: off until turned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from mjlab.managers.event_manager import EventTermCfg

from trainer_proc.backends.mjlab_randomization import USUAL, Usual, is_ours, task_writes
from trainer_proc.knobs.redraw import Redraws, unexpanded_fields
from trainer_proc.knobs.slot import SlotKnob, parameter_slot, slot_knob

_COST = (
    "the first change expands the model's fields: the training stands still for a moment"
    " (0.3 s on flat ground, 2 s on rough, with 4096 environments on a GPU)"
)


def usual_randomization_knobs(env: Any, redraws: Redraws) -> list[SlotKnob]:
    """Return `event/<term>/<parameter>` for each of `USUAL` that applies to the robot and no term of the task draws.

    The default is neutral, whether or not the term was added at launch (`usual_event_terms`).
    """
    knobs: list[SlotKnob] = []
    events = {name: env.event_manager.get_term_cfg(name) for name in _event_names(env)}
    for term, usuals in groupby(USUAL, key=lambda usual: usual.term):
        cfg = events.get(term)
        if cfg is not None and not is_ours(cfg):
            continue  # the task's own term of that name
        offered = [usual for usual in usuals if usual.applies(env) and not task_writes(usual, events.values())]
        knobs += _term_knobs(env, redraws, offered, cfg)
    return knobs


def usual_terms_of(env: Any) -> set[str]:
    """Return the names of those event terms of the environment that were added at launch."""
    return {name for name in _event_names(env) if is_ours(env.event_manager.get_term_cfg(name))}


def _term_knobs(env: Any, redraws: Redraws, offered: list[Usual], cfg: Any) -> Iterator[SlotKnob]:
    if not offered:
        return
    if cfg is None:
        cfg = EventTermCfg(mode="startup", func=offered[0].func)
    redraw = redraws.redraw_of(cfg)
    cost = _COST if unexpanded_fields(env.sim, cfg.func) else ""
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
