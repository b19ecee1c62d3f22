"""A policy that has become NaN, kept from ending the training before a guard that acts on it has seen it.

torch refuses to draw from a distribution of NaN, so rsl-rl's update ends with an error at the next mini-batch, or the
next rollout does. skrl and rl_games learn on, from NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

LOSSES = ("value", "surrogate", "entropy")
"""What rsl-rl's update returns, and its console names."""


def tolerate_non_finite_updates(algorithm: Any, is_awaited: Callable[[], bool]) -> None:
    """Wrap `algorithm.update` on the instance: while `is_awaited()`, weights that aren't finite are a loss of NaN."""
    update = algorithm.update

    def surviving_update() -> dict[str, float]:
        try:
            losses: dict[str, float] = update()
        except RuntimeError:
            if not is_awaited() or has_finite_weights(algorithm):
                raise
            if (storage := getattr(algorithm, "storage", None)) is not None:  # rsl-rl's
                storage.clear()  # as at the end of an update
            return dict.fromkeys(LOSSES, math.nan)
        if is_awaited() and not has_finite_weights(algorithm):
            losses["value"] = math.nan
        return losses

    algorithm.update = surviving_update


def has_finite_weights(algorithm: Any) -> bool:
    """Tell whether all weights and normalizers are; waits for the device."""
    modules = (getattr(algorithm, name, None) for name in ("actor", "critic"))
    states = (module.state_dict() for module in modules if module is not None)
    return all(bool(torch.isfinite(tensor).all()) for state in states for tensor in state.values())


def reset_non_finite_environments(runner: Any) -> None:
    """Let all environments begin a new episode if what they have observed is not finite.

    `learn` holds the last observation in a variable of its own, so the next `act` is given the new one instead.
    """
    algorithm = runner.alg
    observed = runner.env.get_observations().values(True, True)
    if not hasattr(runner.env, "reset") or all(bool(torch.isfinite(tensor).all()) for tensor in observed):
        return
    with torch.inference_mode():
        runner.env.reset()
    act = algorithm.act

    def act_on_new(obs: Any) -> Any:
        algorithm.act = act
        return act(runner.env.get_observations().to(runner.device))

    algorithm.act = act_on_new
