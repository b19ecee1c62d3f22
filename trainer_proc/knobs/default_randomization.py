"""Knobs for randomizations that this program offers where the task has none: off until they are tuned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from trainer_proc.knobs.resample import Resampler
from trainer_proc.knobs.slot import SlotKnob, parameter_slot, slot_knob
from trainer_proc.simulators.default_randomization import DefaultRandomization, is_default_randomization
from trainer_proc.simulators.interface import Simulator


def default_randomization_knobs(env: Any, simulator: Simulator, resampler: Resampler) -> list[SlotKnob]:
    """Return `event/<term>/<parameter>` for each that applies to the robot and that no term of the task randomizes.

    The default is neutral, whether or not the term was added at launch.
    """
    knobs: list[SlotKnob] = []
    events = _events(env)
    task_events = [cfg for cfg in events.values() if not is_default_randomization(simulator.default_randomization, cfg)]
    written = frozenset(field for cfg in task_events for field in simulator.fields_written(cfg))
    for term, randomizations in groupby(simulator.default_randomization, key=lambda one: one.term):
        cfg = events.get(term)
        if any(cfg is task_event for task_event in task_events):
            continue  # the task's own term of that name
        # two terms that write one field would overwrite each other
        offered = [one for one in randomizations if not one.sampler.fields & written and one.sampler.applies(env)]
        knobs += _term_knobs(simulator, resampler, offered, cfg)
    return knobs


def default_randomization_terms(env: Any, simulator: Simulator) -> set[str]:
    """Return the names of the environment's event terms that were added at launch."""
    offered = simulator.default_randomization
    return {name for name, cfg in _events(env).items() if is_default_randomization(offered, cfg)}


def _term_knobs(
    simulator: Simulator, resampler: Resampler, offered: list[DefaultRandomization], cfg: Any
) -> Iterator[SlotKnob]:
    if not offered:
        return
    if cfg is None:
        cfg = simulator.startup_term(offered[0].sampler.func)
    resample = resampler.resample_of(cfg)
    cost = simulator.first_sample_cost(cfg.func)
    for randomization in offered:
        cfg.params.setdefault(randomization.parameter, randomization.neutral)
        yield slot_knob(
            parameter_slot(cfg, randomization.parameter),
            name=randomization.knob,
            kind="randomization",
            takes_effect="at each environment's reset",
            resample=resample,
            default=randomization.neutral,
            minimum=randomization.minimum,
            usual=randomization.usual,
            can_resample_now=True,
            cost=cost,
        )


def _events(env: Any) -> dict[str, Any]:
    """Return the configurations of the environment's event terms by name."""
    names = [name for names in env.event_manager.active_terms.values() for name in names]
    return {name: env.event_manager.get_term_cfg(name) for name in names}
