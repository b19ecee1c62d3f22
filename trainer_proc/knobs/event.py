"""Randomization knobs of the task's events: what startup, reset, interval and step terms draw from.

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
_LEAST = {
    "body_mass": TINY,
    "body_inertia": TINY,
    "geom_friction": 0.0,
    "dof_armature": 0.0,
    "dof_damping": 0.0,
    "dof_frictionloss": 0.0,
    "actuator_gainprm": 0.0,
    "actuator_forcerange": 0.0,
}
"""Fields that the simulator can't take below this; scales and values of them are bounded, offsets aren't."""


def event_knobs(
    env: Any, simulator: Simulator, resampler: Resampler, shown_elsewhere: Container[str]
) -> list[SlotKnob]:
    """Return `event/<term>/<parameter>` for the terms of each mode, but those named in `shown_elsewhere`.

    Startup terms take effect when they are drawn again, which their knobs' `resample` does. Interval terms also have
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
                minimum=_least_of(cfg, simulator),
                unused=_without_effect(cfg, simulator),
            )
            knobs += parameter_knobs(term)
            if mode == "interval":
                knobs.append(_interval_knob(name, cfg, env, names.index(name)))
    return knobs


def _least_of(cfg: Any, simulator: Simulator) -> float | None:
    """Return the least value of what a term draws, where its distribution or the fields that it writes say so."""
    if _parameter(cfg, "distribution") == "log_uniform":
        return TINY
    if _parameter(cfg, "operation") not in ("abs", "scale"):
        return None
    fields = simulator.fields_written(cfg)
    return next((least for field, least in _LEAST.items() if field in fields), None)


def _without_effect(cfg: Any, simulator: Simulator) -> Mapping[str, str]:
    """Return the parameters that what the term acts on has no use for, with the reason."""
    asset = getattr(_parameter(cfg, "asset_cfg"), "name", "")
    unused = simulator.unused_parameters(cfg)
    if not isinstance(cfg.params.get("velocity_range"), dict):
        return unused
    if not getattr(simulator.asset(asset), "is_fixed_base", False):
        return unused
    return {**unused, "velocity_range": f"{asset} stands on a fixed base"}


def _parameter(cfg: Any, name: str) -> Any:
    """Return what the term's function is called with: the configured value, or its default."""
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
        take_effect=_draw_timers(cfg, env.event_manager, index),
        minimum=minimum,
        maximum=maximum,
    )


def _draw_timers(cfg: Any, manager: Any, index: int) -> Callable[[], None]:
    """Return what draws a term's running timers again: those of the old range may last long."""

    def draw() -> None:
        low, high = cfg.interval_range_s
        with torch.inference_mode():
            manager._interval_term_time_left[index].uniform_(low, high)

    return draw
