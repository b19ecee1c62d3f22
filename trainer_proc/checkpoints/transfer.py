"""Adapts the networks of a checkpoint to a training with other observations or actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from trainer_proc.checkpoints.columns import Sources
from trainer_proc.checkpoints.load import CheckpointError

State = Mapping[str, Any]
"""Tensors of an rsl-rl network by name."""
_NORMALIZER = "obs_normalizer."
_PARTS = ("mlp.", _NORMALIZER, "distribution.")


def observed_size(state: State) -> int:
    """Return how many observations an rsl-rl network takes. Raises `CheckpointError` for one that is no plain MLP."""
    first, _ = _ends(state)
    return int(state[first].shape[1])


def adapted(
    saved: State,
    live: State,
    *,
    inputs: Sources,
    outputs: Sources | None,
    observed: torch.Tensor,
    most_samples: int,
) -> dict[str, Any]:
    """Return `saved` with the observations, and unless `outputs` is None the actions, of `live`.

    A new observation has zero weights, and mean and variance of `observed` [environments, observations], as after
    rsl-rl's first update. A new action has zero output and the noise of `live`. All statistics count as at most
    `most_samples`: one count holds for all observations, and new ones are to learn theirs soon. Raises
    `CheckpointError`.
    """
    first, last = _ends(saved)
    state = dict(saved)
    state[first] = _columns(saved[first], torch.zeros(len(inputs)), inputs)
    mean, variance = observed.mean(0), observed.var(0, unbiased=False)
    for name, values in {"_mean": mean, "_var": variance, "_std": variance.sqrt()}.items():
        if (name := _NORMALIZER + name) in saved:
            state[name] = _columns(saved[name], values, inputs)
    if (count := _NORMALIZER + "count") in saved:
        state[count] = saved[count].clamp(max=most_samples)
    if outputs is None:
        return state
    bias = f"{last.removesuffix('weight')}bias"
    for name in (last, bias):
        state[name] = _rows(state[name], torch.zeros_like(live[name]), outputs)
    for name in saved:
        if name.startswith("distribution."):
            state[name] = _rows(saved[name], live[name], outputs)
    return state


def _ends(state: State) -> tuple[str, str]:
    """Return the names of the first and the last layer's weights."""
    if others := [name for name in state if not name.startswith(_PARTS)]:
        raise CheckpointError(f"expected a plain MLP, got {others[0]}")
    numbers = sorted(int(match[1]) for name in state if (match := re.fullmatch(r"mlp\.(\d+)\.weight", name)))
    if not numbers:
        raise CheckpointError("expected a plain MLP, got a network without layers")
    return f"mlp.{numbers[0]}.weight", f"mlp.{numbers[-1]}.weight"


def _columns(values: torch.Tensor, new: torch.Tensor, sources: Sources) -> torch.Tensor:
    """Return `new` [new] with the columns of `values` [..., old] that it has a source for, as [..., new]."""
    return _paired(values, new.to(values).expand(*values.shape[:-1], -1), sources, dim=-1)


def _rows(values: torch.Tensor, new: torch.Tensor, sources: Sources) -> torch.Tensor:
    """Return `new` [new, ...] with the rows of `values` [old, ...] that it has a source for."""
    if len(new) != len(sources):
        raise CheckpointError(f"expected an output for each of {len(sources)} actions, got {len(new)}")
    return _paired(values, new.detach().cpu(), sources, dim=0)


def _paired(values: torch.Tensor, new: torch.Tensor, sources: Sources, *, dim: int) -> torch.Tensor:
    """Return a copy of `new` with what `values` has for it along `dim`."""
    places = torch.tensor([place for place, source in enumerate(sources) if source is not None], dtype=torch.long)
    found = torch.tensor([source for source in sources if source is not None], dtype=torch.long)
    return new.index_copy(dim, places, values.index_select(dim, found))
