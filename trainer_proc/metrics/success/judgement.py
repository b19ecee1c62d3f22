"""What a rule says of the episodes that have ended, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch

EVERY = slice(None)
"""All environments."""


@dataclass(frozen=True)
class Judgement:
    """The episodes of some steps; every tensor of shape [steps, envs] is valid only where an episode has ended."""

    success: torch.Tensor
    """Whether the episode succeeded: bool, of shape [steps, envs].

    A rule that is not `is_per_environment` has the mean success of those that ended in the same step instead, double.
    """
    values: dict[str, torch.Tensor] = field(default_factory=dict)
    """Measures of the episode by name, double, of shape [steps, envs].

    `score` and `score/<part>` are 0 to 1, `part/<part>` are 0 or 1. `error/<part>` and `instant_error/<part>` are its
    mean errors (m/s, rad/s), NaN for an episode without a measured step.
    """
    means: dict[str, torch.Tensor] = field(default_factory=dict)
    """Means over the measured steps by name, each a tensor of one number: NaN without a measured step."""


class Rule(Protocol):
    """Judges episodes: `begin` is called before the first step, `step` after each, `judge` after any number of steps.

    A rule may measure only a part of the environments; `envs` below is their number.
    """

    is_per_environment: bool
    """Whether it judges each environment, rather than the mean of those that end in the same step."""

    def begin(self) -> None:
        """Record the state before the first step."""

    def step(self) -> None:
        """Record the state after a step, without synchronization."""

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        """Return which episodes the steps since the last call have ended, without synchronization.

        Arguments are bool, of shape [steps, envs], with at least one step.
        """
