"""Randomization knobs of the observations: the noise that is added to each term.

What is in use are the configurations of `ObservationManager.get_term_cfg`, and for noise models those of the live
instances (mjlab 1.6). mjlab's noise configurations keep tensors of the first values they were applied with, so a
change puts a new object in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mjlab.utils.noise import ConstantNoiseCfg, GaussianNoiseCfg, NoiseCfg, NoiseModelCfg, UniformNoiseCfg

from trainer_proc.knobs.slot import Slot, SlotKnob, attribute_slot
from trainer_proc.knobs.units import unit_of
from trainer_proc.wire.knob import Knob, KnobType, Value

_USUAL: tuple[tuple[str, float], ...] = (
    ("lin_vel", 0.1),
    ("ang_vel", 0.2),
    ("gravity", 0.05),
    ("joint_pos", 0.01),
    ("joint_vel", 1.5),
    ("height_scan", 0.1),
)
"""Half the width of the uniform noise in Isaac Lab's velocity tasks (`velocity_env_cfg.py`, `ObservationsCfg`), by what
the names of terms and their functions contain."""
_PER_COMPONENT = "the task sets it for each component by itself"


def observation_noise_knobs(observation_manager: Any) -> list[SlotKnob]:
    """Return `observation/<group>/<term>/noise` for every term, also of groups without corruption.

    Uniform noise is a range, and (0, 0) where there is none; low and high alike are a constant. Gaussian noise is its
    standard deviation, 0 being none. Other kinds of noise yield no knob.
    """
    knobs = [
        _noise_knob(observation_manager, group, term)
        for group, terms in observation_manager.active_terms.items()
        for term in terms
    ]
    return [knob for knob in knobs if knob is not None]


def _slot(manager: Any, group: str, term: str) -> Slot:
    """Return where the noise that is applied to a term is, None in it being no noise."""
    cfg = manager.get_term_cfg(group, term)
    if not isinstance(cfg.noise, NoiseModelCfg):
        return attribute_slot(cfg, "noise")
    model = manager._group_obs_class_instances[group][term]._noise_model_cfg
    # a noise model wants some noise: a constant of nothing where there is none
    return Slot(lambda: model.noise_cfg, lambda noise: setattr(model, "noise_cfg", noise or ConstantNoiseCfg()))


def _noise_knob(manager: Any, group: str, term: str) -> SlotKnob | None:
    name, slot = f"observation/{group}/{term}/noise", _slot(manager, group, term)
    match slot.get():
        case None:
            usual = _usual(manager.get_term_cfg(group, term).func, term)
            return _knob(name, slot, "range", _range_of, _noise_for(manager, group, term), usual=usual)
        case UniformNoiseCfg() | ConstantNoiseCfg() as noise:
            usual = _usual(manager.get_term_cfg(group, term).func, term) if noise.operation == "add" else None
            return _knob(name, slot, "range", _range_of, lambda value: _uniform(value, noise.operation), usual=usual)
        case GaussianNoiseCfg() as noise:
            return _knob(name, slot, "number", _deviation_of, lambda value: _gaussian(value, noise), minimum=0.0)
    return None


def _usual(func: Any, term: str) -> tuple[float, float] | None:
    names = f"{term} {getattr(func, '__name__', '')}"
    width = next((width for part, width in _USUAL if part in names), None)
    return None if width is None else (-width, width)


def _noise_for(manager: Any, group: str, term: str) -> Callable[[Any], NoiseCfg | None]:
    """Return what makes the noise of a term that has had none, which may be no numbers that noise can be added to."""

    def noise_of(value: tuple[float, float]) -> NoiseCfg | None:
        cfg = manager.get_term_cfg(group, term)
        with torch.inference_mode():
            observed = cfg.func(manager._env, **cfg.params)
        if not observed.is_floating_point():
            raise ValueError(f"{group}/{term} is of {observed.dtype}, noise needs floating-point numbers")
        return _uniform(value, "add")

    return noise_of


def _knob(
    name: str,
    slot: Slot,
    type: KnobType,
    value_of: Callable[[NoiseCfg | None], Value],
    noise_of: Callable[[Any], NoiseCfg | None],
    **described: Any,
) -> SlotKnob:
    value = value_of(slot.get())
    description = Knob(
        name=name,
        kind="randomization",
        value=value,
        default=value,
        takes_effect="next iteration",
        unit=unit_of(name),
        read_only=_PER_COMPONENT if _is_per_component(slot.get()) else "",
        type=type,
        **described,
    )
    return SlotKnob(description, lambda: value_of(slot.get()), lambda new: slot.set(noise_of(new)), slot=slot)


def _numbers(noise: NoiseCfg | None) -> list[float | tuple[float, ...]]:
    match noise:
        case UniformNoiseCfg():
            return [noise.n_min, noise.n_max]
        case ConstantNoiseCfg():
            return [noise.bias, noise.bias]
        case GaussianNoiseCfg():
            return [noise.std, noise.mean]
    return [0.0, 0.0]


def _is_per_component(noise: NoiseCfg | None) -> bool:
    return any(isinstance(number, tuple) for number in _numbers(noise))


def _range_of(noise: NoiseCfg | None) -> Value:
    """Return lowest and highest noise, over all components."""
    low, high = _numbers(noise)
    return (
        float(min(low) if isinstance(low, tuple) else low),
        float(max(high) if isinstance(high, tuple) else high),
    )


def _deviation_of(noise: NoiseCfg | None) -> Value:
    """Return the standard deviation, the greatest of all components."""
    deviation = _numbers(noise)[0] if isinstance(noise, GaussianNoiseCfg) else 0.0
    return float(max(deviation) if isinstance(deviation, tuple) else deviation)


def _uniform(value: tuple[float, float], operation: Any) -> NoiseCfg | None:
    low, high = value
    if low == high:  # UniformNoiseCfg refuses these
        return None if low == 0.0 and operation == "add" else ConstantNoiseCfg(bias=low, operation=operation)
    return UniformNoiseCfg(n_min=low, n_max=high, operation=operation)


def _gaussian(deviation: float, like: GaussianNoiseCfg) -> NoiseCfg | None:
    if deviation == 0.0:  # GaussianNoiseCfg refuses it
        return ConstantNoiseCfg(bias=like.mean, operation=like.operation)
    return GaussianNoiseCfg(mean=like.mean, std=deviation, operation=like.operation)
