"""The adaptive schedule of rsl-rl's PPO (5.4.2) on the device: one read an update instead of one a mini-batch."""

from __future__ import annotations

import math
from typing import Any

import torch

_FACTOR = 1.5
_SLOWEST, _FASTEST = 1e-5, 1e-2
"""Constants of `PPO.update`."""
NEVER = (math.inf, -math.inf)
"""Thresholds of a fixed learning rate."""


def is_adaptive(algorithm: Any) -> bool:
    return algorithm.desired_kl is not None and algorithm.schedule == "adaptive"


def thresholds(algorithm: Any) -> tuple[float, float]:
    """Return the KL above which the rate falls, and below which it rises."""
    return (algorithm.desired_kl * 2.0, algorithm.desired_kl / 2.0) if is_adaptive(algorithm) else NEVER


class LearningRate:
    """The rate in float64, in which rsl-rl computes it, and in float32 for the optimizer."""

    def __init__(self, device: torch.device) -> None:
        with torch.inference_mode(False):
            self.exact = torch.zeros((), dtype=torch.float64, device=device)
            self.rounded = torch.zeros((), device=device)
            # a tensor: CUDA multiplies by the reciprocal of a number
            self._factor = torch.full((), _FACTOR, dtype=torch.float64, device=device)

    def set(self, rate: float) -> None:
        self.exact.fill_(rate)

    def adapt(self, kl: torch.Tensor, high: torch.Tensor, low: torch.Tensor, as_shared: bool = False) -> None:
        """Change the rate for the mean KL of a mini-batch; all are float32 of no dimensions, as rsl-rl compares.

        `as_shared` rounds a rate that is not fixed as rsl-rl does where several processes share it.
        """
        slower = (self.exact / self._factor).clamp(min=_SLOWEST)
        faster = (self.exact * self._factor).clamp(max=_FASTEST)
        rises = (kl < low) & (kl > 0.0)
        self.exact.copy_(torch.where(kl > high, slower, torch.where(rises, faster, self.exact)))
        self.rounded.copy_(self.exact)
        if as_shared:
            self.exact.copy_(torch.where(high.isfinite(), self.rounded.double(), self.exact))
