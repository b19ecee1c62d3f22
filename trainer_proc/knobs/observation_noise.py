"""Randomization knobs of the observations: the noise of each term.

In use are the configurations of `ObservationManager.get_term_cfg` (mjlab 1.6) or of its groups (Isaac Lab 3.0); for
noise models, those of the live instances. mjlab's noise configurations cache tensors of their first values, so a change
replaces the object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from trainer_proc.contract.knob import Knob, KnobType, Value
from trainer_proc.knobs.slot import Slot, SlotKnob, attribute_slot
from trainer_proc.knobs.units import unit_of
from trainer_proc.metrics.environment import observation_term_cfg

_USUAL: tuple[tuple[str, float], ...] = (
    ("lin_vel", 0.1),
    ("ang_vel", 0.2),
    ("gravity", 0.05),
    ("joint_pos", 0.01),
    ("joint_vel", 1.5),
    ("height_scan", 0.1),
)
"""Half the width of uniform noise by a part of the term's or its function's name.

Source: Isaac Lab's velocity tasks (`velocity_env_cfg.py`, `ObservationsCfg`).
"""
_PER_COMPONENT = "the task sets it separately for each component"


def observation_noise_knobs(observation_manager: Any, kinds: Any) -> list[SlotKnob]:
    """Return `observation/<group>/<term>/noise` for every term, also of groups without corruption.

    `kinds` is the simulator's module of noise configurations. Uniform noise is a range, (0, 0) for none; equal ends are
    a constant. Gaussian noise is its standard deviation, 0 for none. Other kinds of noise have no knob.
    """
    knobs = [
        _Noise(observation_manager, kinds, group, term).knob()
        for group, terms in observation_manager.active_terms.items()
        for term in terms
    ]
    return [knob for knob in knobs if knob is not None]


class _Noise:
    """The noise of one observation term."""

    def __init__(self, manager: Any, kinds: Any, group: str, term: str) -> None:
        self._env = manager._env
        self._kinds = kinds
        self._cfg = observation_term_cfg(manager, group, term)
        self._term = term
        self._path = f"{group}/{term}"
        self._slot = self._find_slot(manager, group, term)

    def knob(self) -> SlotKnob | None:
        kinds = self._kinds
        match self._slot.get():
            case None:
                return self._described("range", self._range_of, self._first_noise, usual=self._usual())
            case kinds.UniformNoiseCfg() | kinds.ConstantNoiseCfg() as noise:
                usual = self._usual() if noise.operation == "add" else None
                return self._described(
                    "range", self._range_of, lambda value: self._uniform(value, noise.operation), usual=usual
                )
            case kinds.GaussianNoiseCfg() as noise:
                return self._described(
                    "number", self._deviation_of, lambda value: self._gaussian(value, noise), minimum=0.0
                )
        return None

    def _find_slot(self, manager: Any, group: str, term: str) -> Slot:
        """Return the slot of the noise in use; it holds None for no noise."""
        if not isinstance(self._cfg.noise, self._kinds.NoiseModelCfg):
            return attribute_slot(self._cfg, "noise")
        live = getattr(self._cfg.noise, "func", None)  # Isaac Lab keeps the instance in the configuration
        model = (live or manager._group_obs_class_instances[group][term])._noise_model_cfg
        nothing = self._kinds.ConstantNoiseCfg
        # a noise model needs a noise: a constant 0 for none
        return Slot(lambda: model.noise_cfg, lambda noise: setattr(model, "noise_cfg", noise or nothing(bias=0.0)))

    def _described(
        self, type: KnobType, value_of: Callable[[Any], Value], noise_of: Callable[[Any], Any], **described: Any
    ) -> SlotKnob:
        name, value = f"observation/{self._path}/noise", value_of(self._slot.get())
        description = Knob(
            name=name,
            kind="randomization",
            value=value,
            default=value,
            takes_effect="next iteration",
            unit=unit_of(name),
            read_only=_PER_COMPONENT if self._is_per_component() else "",
            type=type,
            **described,
        )
        slot = self._slot
        return SlotKnob(description, lambda: value_of(slot.get()), lambda new: slot.set(noise_of(new)), slot=slot)

    def _usual(self) -> tuple[float, float] | None:
        names = f"{self._term} {getattr(self._cfg.func, '__name__', '')}"
        width = next((width for part, width in _USUAL if part in names), None)
        return None if width is None else (-width, width)

    def _first_noise(self, value: tuple[float, float]) -> Any:
        """Return the noise of a term that had none. Raises `ValueError` if it is not of floating-point numbers."""
        with torch.inference_mode():
            observed = self._cfg.func(self._env, **self._cfg.params)
        if not observed.is_floating_point():
            raise ValueError(f"{self._path}: expected floating-point numbers to add noise to, got {observed.dtype}")
        return self._uniform(value, "add")

    def _numbers(self, noise: Any) -> list[Any]:
        kinds = self._kinds
        match noise:
            case kinds.UniformNoiseCfg():
                return [noise.n_min, noise.n_max]
            case kinds.ConstantNoiseCfg():
                return [noise.bias, noise.bias]
            case kinds.GaussianNoiseCfg():
                return [noise.std, noise.mean]
        return [0.0, 0.0]

    def _is_per_component(self) -> bool:
        return any(isinstance(number, tuple | torch.Tensor) for number in self._numbers(self._slot.get()))

    def _range_of(self, noise: Any) -> Value:
        """Return the lowest and the highest noise over all components."""
        low, high = self._numbers(noise)
        return min(_components(low)), max(_components(high))

    def _deviation_of(self, noise: Any) -> Value:
        """Return the standard deviation, the largest of all components."""
        is_gaussian = isinstance(noise, self._kinds.GaussianNoiseCfg)
        return max(_components(self._numbers(noise)[0])) if is_gaussian else 0.0

    def _uniform(self, value: tuple[float, float], operation: Any) -> Any:
        low, high = value
        if low == high:  # mjlab's UniformNoiseCfg refuses these
            nothing = low == 0.0 and operation == "add"
            return None if nothing else self._kinds.ConstantNoiseCfg(bias=low, operation=operation)
        return self._kinds.UniformNoiseCfg(n_min=low, n_max=high, operation=operation)

    def _gaussian(self, deviation: float, like: Any) -> Any:
        if deviation == 0.0:  # mjlab's GaussianNoiseCfg refuses it
            return self._kinds.ConstantNoiseCfg(bias=like.mean, operation=like.operation)
        return self._kinds.GaussianNoiseCfg(mean=like.mean, std=deviation, operation=like.operation)


def _components(number: Any) -> list[float]:
    if isinstance(number, torch.Tensor):
        return [float(one) for one in number.flatten().tolist()]
    return [float(one) for one in number] if isinstance(number, tuple) else [float(number)]
