"""A policy that has become NaN, kept from ending the training before a guard that acts on it has seen it.

torch refuses to draw from a distribution of NaN, so rsl-rl's update ends with an error at the next mini-batch, or the
next rollout does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

LOSSES = ("value", "surrogate", "entropy")
"""What rsl-rl's update returns, and its console names."""


def survive_not_finite(algorithm: Any, is_awaited: Callable[[], bool]) -> None:
    """Wrap `algorithm.update` on the instance: while `is_awaited()`, weights that aren't finite are a loss of NaN."""
    update = algorithm.update

    def surviving_update() -> dict[str, float]:
        try:
            losses: dict[str, float] = update()
        except RuntimeError:
            if not is_awaited() or _is_finite(algorithm):
                raise
            algorithm.storage.clear()  # as at the end of an update
            return dict.fromkeys(LOSSES, math.nan)
        if is_awaited() and not _is_finite(algorithm):
            losses["value"] = math.nan
        return losses

    algorithm.update = surviving_update


def _is_finite(algorithm: Any) -> bool:
    """Tell whether all weights are; waits for the device."""
    modules = (algorithm.actor, algorithm.critic)
    return all(bool(torch.isfinite(parameter).all()) for module in modules for parameter in module.parameters())
