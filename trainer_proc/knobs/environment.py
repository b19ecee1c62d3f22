"""Sizes and step lengths of the environment: shown only, a change needs a restart."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import torch

from trainer_proc.contract.knob import Knob, KnobType
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.knobs.units import unit_of


def environment_knobs(runner: Any, env: Any) -> list[LiveKnob]:
    """Return read-only `environment/...`: counts, sizes, and steps (s) where the environment has them."""
    return [_knob(name, value) for name, value in _values(runner, env)]


def _values(runner: Any, env: Any) -> Iterator[tuple[str, int | float]]:
    yield "num_envs", int(runner.env.num_envs)
    for name, attribute in (("physics_step", "physics_dt"), ("control_step", "step_dt")):
        if hasattr(env, attribute):
            yield name, float(getattr(env, attribute))
    yield "action_size", int(runner.env.num_actions)
    for group, size in _observation_sizes(runner.env).items():
        yield f"observation_size/{group}", size


def _observation_sizes(env: Any) -> dict[str, int]:
    sizes: dict[str, int] | None = getattr(env, "observation_sizes", None)  # of a `LibraryEnvironment`
    if sizes is not None:
        return sizes
    observed = env.get_observations().items()  # groups of several tensors have no one size
    return {group: prod(tensor.shape[1:]) for group, tensor in observed if isinstance(tensor, torch.Tensor)}


def _knob(name: str, value: int | float) -> LiveKnob:
    knob_type: KnobType = "integer" if isinstance(value, int) else "number"
    description = Knob(
        name=f"environment/{name}",
        kind="environment",
        value=float(value),
        default=float(value),
        takes_effect="needs a restart",
        unit=unit_of(f"environment/{name}"),
        read_only="the environment is built with it; a change needs a restart",
        type=knob_type,
    )

    def write(_: object) -> None:
        raise AttributeError(f"{description.name} is read-only: {description.read_only}")

    return LiveKnob(description, lambda: float(value), write)
