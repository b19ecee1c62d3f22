"""Keeps a NaN policy from ending the training before a guard can act on it.

torch refuses to sample from a NaN distribution: rsl-rl's update fails at the next mini-batch, or the next rollout does.
skrl and rl_games continue with NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

_OF_ROLLOUT = ("act", "process_env_step", "compute_returns", "storage", "transition")
"""What rsl-rl's algorithms have for a rollout."""
LOSSES = ("value", "surrogate", "entropy")
"""Losses that rsl-rl's PPO returns, and its console prints."""


def tolerate_non_finite_updates(algorithm: Any, is_awaited: Callable[[], bool]) -> None:
    """Wrap `algorithm.update` on the instance: while `is_awaited()`, non-finite weights appear as a NaN loss."""
    update = algorithm.update
    names: list[str] = list(LOSSES)

    def tolerant_update(*args: Any, **kwargs: Any) -> Any:
        try:
            losses = update(*args, **kwargs)
        except RuntimeError:
            if not is_awaited() or has_finite_weights(algorithm):
                raise
            if (storage := getattr(algorithm, "storage", None)) is not None:  # rsl-rl's
                storage.clear()  # as at the end of an update
            return dict.fromkeys(names, math.nan)
        if not isinstance(losses, dict):  # of a user's own algorithm
            return losses
        names[:] = losses or LOSSES
        return losses if not is_awaited() or has_finite_weights(algorithm) else {**losses, names[0]: math.nan}

    algorithm.update = tolerant_update


def tolerate_non_finite_actions(algorithm: Any, is_awaited: Callable[[], bool]) -> None:
    """Wrap rsl-rl's `algorithm` on the instance: while `is_awaited()`, a rollout that can't be sampled is a NaN loss.

    With a standard deviation that depends on the observation, NaN ends the rollout itself. The actions of its rest are
    0, and nothing is learned from it. Not with several processes: the others would wait for this one's gradients. Not
    with an algorithm that lacks rsl-rl's methods or storage.
    """
    if getattr(algorithm, "is_multi_gpu", False) or not all(hasattr(algorithm, name) for name in _OF_ROLLOUT):
        return
    act, process, returns = algorithm.act, algorithm.process_env_step, algorithm.compute_returns
    update = algorithm.update
    is_broken = False

    def tolerant_act(obs: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal is_broken
        if not is_broken:
            try:
                return act(obs, *args, **kwargs)
            except RuntimeError:
                is_stored = isinstance(getattr(algorithm.storage, "actions", None), torch.Tensor)
                if (
                    not is_stored
                    or not is_awaited()
                    or (has_finite_weights(algorithm) and all_finite(obs.values(True, True)))
                ):
                    raise
                is_broken = True
        stored = algorithm.storage.actions  # which may lack environments that are not learned from
        return stored.new_zeros(len(obs), *stored.shape[2:])

    def tolerant_update(*args: Any, **kwargs: Any) -> Any:
        nonlocal is_broken
        if not is_broken:
            return update(*args, **kwargs)
        is_broken = False
        algorithm.transition.clear()
        algorithm.storage.clear()
        return dict.fromkeys(LOSSES, math.nan)

    algorithm.act, algorithm.update = tolerant_act, tolerant_update
    algorithm.process_env_step = lambda *args, **kwargs: None if is_broken else process(*args, **kwargs)
    algorithm.compute_returns = lambda *args, **kwargs: None if is_broken else returns(*args, **kwargs)


def has_finite_weights(algorithm: Any) -> bool:
    """Return whether all weights and normalizers are finite; synchronizes with the device."""
    modules = (getattr(algorithm, name, None) for name in ("actor", "critic", "student"))
    states = (module.state_dict() for module in modules if module is not None)
    tensors = (value for state in states for value in state.values() if isinstance(value, torch.Tensor))
    return all_finite(tensors)


def all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    """Return whether all numbers are finite; synchronizes with the device."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def reset_non_finite_environments(runner: Any) -> None:
    """Reset all environments if any observation is not finite.

    `learn` keeps the last observation in a local variable, so the next `act` gets the new one instead.
    """
    algorithm = runner.alg
    if not hasattr(runner.env, "reset") or all_finite(runner.env.get_observations().values(True, True)):
        return
    with torch.inference_mode():
        runner.env.reset()
    act = algorithm.act

    def act_on_new(obs: Any) -> Any:
        algorithm.act = act
        return act(runner.env.get_observations().to(runner.device))

    algorithm.act = act_on_new
