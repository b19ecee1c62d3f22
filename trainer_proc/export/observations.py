"""Describe what the actor observes: each term, and what happens to its value before the policy reads it."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.export.plain import import_path, limits, plain
from trainer_proc.metrics.environment import observation_term_cfg


def describe_observations(env: Any, groups: list[str]) -> list[ObservationTerm]:
    """Return the terms of `groups`, in the order of concatenation; none for an environment without managers."""
    manager = getattr(env, "observation_manager", None)
    if manager is None:
        return []
    return [
        _describe(manager, group, name, int(torch.Size(shape).numel()))
        for group in groups
        for name, shape in zip(manager.active_terms[group], manager.group_obs_term_dim[group], strict=True)
    ]


def observations_not_included(env: Any) -> list[str]:
    """Return a line for an environment that has no observation terms."""
    if getattr(env, "observation_manager", None) is not None:
        return []
    return [f"observation terms: {type(env).__name__} has no observation manager, its own code makes the observation"]


def _describe(manager: Any, group: str, name: str, size: int) -> ObservationTerm:
    cfg = observation_term_cfg(manager, group, name)
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
    )
