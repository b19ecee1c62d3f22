"""Describe what the actor observes: each term, and what happens to its value before the policy reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from trainer_proc.contract.bundle.description import HeightMap, ObservationTerm
from trainer_proc.export.plain import import_path, limits, plain
from trainer_proc.export.quantities import UNITS, Observed, TermReader
from trainer_proc.metrics.environment import observation_term_cfg


def describe_observations(env: Any, groups: list[str], reader: TermReader | None) -> list[ObservationTerm]:
    """Return the terms of `groups`, in the order of concatenation; none for an environment without managers.

    Without `reader`, what they observe is unknown.
    """
    manager = getattr(env, "observation_manager", None)
    if manager is None:
        return []
    return [
        _describe(manager, group, name, int(torch.Size(shape).numel()), reader)
        for group in groups
        for name, shape in zip(manager.active_terms[group], manager.group_obs_term_dim[group], strict=True)
    ]


def find_height_map(env: Any, groups: list[str], reader: TermReader | None) -> HeightMap | None:
    """Return the grid of the first height scan in `groups`; None without one."""
    return next((one.height_map for _, one in _observed(env, groups, reader) if one.height_map is not None), None)


def observations_not_included(env: Any, groups: list[str], reader: TermReader | None) -> list[str]:
    """Return a line for each term that only the training's code can make, or for an environment without terms."""
    if getattr(env, "observation_manager", None) is None:
        kind = type(env).__name__
        return [f"observation terms: {kind} has no observation manager, its own code makes the observation"]
    observed = list(_observed(env, groups, reader))
    return [
        f"observation {name}: {one.caution or 'only the code of the training computes it'}"
        for name, one in observed
        if one.caution or not one.quantity
    ]


def _observed(env: Any, groups: list[str], reader: TermReader | None) -> Iterator[tuple[str, Observed]]:
    manager = getattr(env, "observation_manager", None)
    if manager is not None and reader is not None:
        for group in groups:
            for name in manager.active_terms[group]:
                yield name, reader.observed(observation_term_cfg(manager, group, name))


def _describe(manager: Any, group: str, name: str, size: int, reader: TermReader | None) -> ObservationTerm:
    cfg = observation_term_cfg(manager, group, name)
    observed = Observed() if reader is None else reader.observed(cfg)
    by_time = getattr(manager, "_group_obs_time_major", {}).get(group, False)
    scale = 1.0 if cfg.scale is None else cfg.scale
    return ObservationTerm(
        name=name,
        size=size,
        group=group,
        function=import_path(cfg.func),
        parameters=plain(cfg.params),
        modifiers=[
            {"function": import_path(modifier.func), "parameters": plain(modifier.params)}
            for modifier in getattr(cfg, "modifiers", None) or ()
        ],
        clip=limits(cfg.clip),
        scale=torch.as_tensor(scale, dtype=torch.float).flatten().tolist(),
        history_length=int(cfg.history_length or 0),
        history_order="time" if by_time else "term",
        delay_steps=(int(cfg.delay_min_lag), int(cfg.delay_max_lag)),
        quantity=observed.quantity,
        unit=UNITS.get(observed.quantity, ""),
        frame=observed.frame,
        joints=list(observed.joints),
        relative=observed.relative,
        command=observed.command,
        noise=_uniform_noise(getattr(cfg, "noise", None)),
    )


def _uniform_noise(noise: Any) -> list[float]:
    """Return the ends of uniform noise that is added; empty for none and for another kind."""
    ends = [getattr(noise, "n_min", None), getattr(noise, "n_max", None)]
    if getattr(noise, "operation", None) != "add" or not all(isinstance(end, int | float) for end in ends):
        return []
    return [float(end) for end in ends if end is not None]
