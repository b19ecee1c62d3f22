"""Randomization knobs of the task's events: the ranges of startup, reset, interval and step terms.

The configurations in use are those of `EventManager.get_term_cfg` (mjlab 1.6, Isaac Lab 3.0); `EventManager.apply`
passes their parameters to the term's function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping
from typing import Any

import torch

from trainer_proc.contract.knob import TakesEffect
from trainer_proc.knobs.bounds import TINY, bounds_of
from trainer_proc.knobs.resample import Resampler
from trainer_proc.knobs.slot import SlotKnob, attribute_slot, slot_knob
from trainer_proc.knobs.term_parameters import Term, parameter_knobs
from trainer_proc.simulators.interface import Simulator

_TAKES_EFFECT: dict[str, TakesEffect] = {
    "startup": "at each environment's reset",
    "reset": "at each environment's reset",
    "interval": "next iteration",
    "step": "next iteration",
}
_LOWER_BOUNDS = {
    "body_mass": TINY,
    "body_inertia": TINY,
    "geom_friction": 0.0,
    "dof_armature": 0.0,
    "dof_damping": 0.0,
    "dof_frictionloss": 0.0,
    "actuator_gainprm": 0.0,
    "actuator_forcerange": 0.0,
}
"""Lower bounds of model fields; they apply to scales and values, not to offsets."""


def event_knobs(
    env: Any, simulator: Simulator, resampler: Resampler, shown_elsewhere: Container[str]
) -> list[SlotKnob]:
    """Return `event/<term>/<parameter>` for the terms of each mode, except those in `shown_elsewhere`.

    Startup terms take effect when they are resampled, by their knobs' `resample`. Interval terms also have
    `event/<term>/interval_range_s` (s).
    """
    manager = env.event_manager
    knobs: list[SlotKnob] = []
    for mode, names in manager.active_terms.items():
        if mode not in _TAKES_EFFECT:
            continue
        for name in names:
            if name in shown_elsewhere:
                continue
            cfg = manager.get_term_cfg(name)
            resample = resampler.resample_of(cfg) if mode == "startup" else None
            term = Term(
                name=f"event/{name}",
                kind="randomization",
                cfg=cfg,
                env=env,
                takes_effect=_TAKES_EFFECT[mode],
                resample=resample,
                minimum=_lower_bound(cfg, simulator),
                unused=_unused_parameters(cfg, simulator),
            )
            knobs += parameter_knobs(term)
            if mode == "interval":
                knobs.append(_interval_knob(name, cfg, env, names.index(name)))
    return knobs


def _lower_bound(cfg: Any, simulator: Simulator) -> float | None:
    """Return the lower bound of a term's samples, from its distribution or the fields that it writes."""
    if _parameter(cfg, "distribution") == "log_uniform":
        return TINY
    if _parameter(cfg, "operation") not in ("abs", "scale"):
        return None
    fields = simulator.fields_written(cfg)
    return next((bound for field, bound in _LOWER_BOUNDS.items() if field in fields), None)


def _unused_parameters(cfg: Any, simulator: Simulator) -> Mapping[str, str]:
    """Return the parameters of a term that have no effect, each with the reason."""
    asset = getattr(_parameter(cfg, "asset_cfg"), "name", "")
    unused = simulator.unused_parameters(cfg)
    if not isinstance(cfg.params.get("velocity_range"), dict):
        return unused
    if not getattr(simulator.asset(asset), "is_fixed_base", False):
        return unused
    return {**unused, "velocity_range": f"{asset} has a fixed base"}


def _parameter(cfg: Any, name: str) -> Any:
    """Return an argument of the term's function: the configured value, or its default."""
    if name in cfg.params:
        return cfg.params[name]
    parameter = inspect.signature(cfg.func).parameters.get(name)
    return None if parameter is None else parameter.default


def _interval_knob(name: str, cfg: Any, env: Any, index: int) -> SlotKnob:
    knob = f"event/{name}/interval_range_s"
    minimum, maximum = bounds_of("interval_range_s")
    return slot_knob(
        attribute_slot(cfg, "interval_range_s"),
        name=knob,
        kind="randomization",
        takes_effect="next iteration",
        take_effect=_timer_sampler(cfg, env.event_manager, index),
        minimum=minimum,
        maximum=maximum,
    )


def _timer_sampler(cfg: Any, manager: Any, index: int) -> Callable[[], None]:
    """Return a function that resamples a term's running timers, which may still be long ones of the old range."""

    def resample() -> None:
        low, high = cfg.interval_range_s
        with torch.inference_mode():
            manager._interval_term_time_left[index].uniform_(low, high)

    return resample
