"""Keeps a NaN policy from ending the training before a guard can act on it.

torch refuses to sample from a NaN distribution: rsl-rl's update fails at the next mini-batch, or the next rollout does.
skrl and rl_games continue with NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

LOSSES = ("value", "surrogate", "entropy")
"""Losses that rsl-rl's update returns, and its console prints."""


def tolerate_non_finite_updates(algorithm: Any, is_awaited: Callable[[], bool]) -> None:
    """Wrap `algorithm.update` on the instance: while `is_awaited()`, non-finite weights appear as a NaN loss."""
    update = algorithm.update

    def tolerant_update() -> dict[str, float]:
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

    algorithm.update = tolerant_update


def has_finite_weights(algorithm: Any) -> bool:
    """Return whether all weights and normalizers are finite; synchronizes with the device."""
    modules = (getattr(algorithm, name, None) for name in ("actor", "critic"))
    states = (module.state_dict() for module in modules if module is not None)
    return all(bool(torch.isfinite(tensor).all()) for state in states for tensor in state.values())


def reset_non_finite_environments(runner: Any) -> None:
    """Reset all environments if any observation is not finite.

    `learn` keeps the last observation in a local variable, so the next `act` gets the new one instead.
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
