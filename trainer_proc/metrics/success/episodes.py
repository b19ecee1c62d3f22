"""Episodes in the steps of one iteration: an environment may end several, and one may have begun long before.

Steps are counted within the iteration. What is seen after a step that ends an episode belongs to the next one, because
the environment has been reset by then.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


class Trace:
    """A tensor as it was after each step of an iteration, and before the first of them."""

    def __init__(self, read: Callable[[], torch.Tensor]) -> None:
        """`read()` returns a copy of shape [num_envs, ...]; it is called once a step."""
        self._read = read
        self._seen: list[torch.Tensor] = []

    def begin(self) -> None:
        """Forget what was seen; the present is what is before the first step."""
        self._seen = [self._read()]

    def step(self) -> None:
        """Look after a step."""
        self._seen.append(self._read())

    def take(self) -> torch.Tensor:
        """Return what was seen, of shape [steps + 1, num_envs, ...]; the last is before the next iteration's first."""
        seen = torch.stack(self._seen)
        del self._seen[:-1]
        return seen


def totals_of_episodes(
    values: torch.Tensor, dones: torch.Tensor, carried: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of `values` over each episode, at the step that ends it, and what to carry to the next iteration.

    `values` (at least 0, finite) is of shape [steps, num_envs, n], `dones` [steps, num_envs], and `carried`
    [num_envs, n] what episodes begun earlier have summed up. Sums elsewhere than at an end mean nothing.
    """
    ends = dones.unsqueeze(-1)
    running = values.masked_fill(ends, 0.0).cumsum(0) + carried
    at_last_end = running.masked_fill(~ends, 0.0).cummax(0).values  # a sum never falls: the latest end has the largest
    at_begin = torch.cat([torch.zeros_like(carried).unsqueeze(0), at_last_end[:-1]])
    return running - at_begin, running[-1] - at_last_end[-1]


def where_episodes_began(states: torch.Tensor, dones: torch.Tensor, began: torch.Tensor) -> torch.Tensor:
    """Return, for each step, the state in which the episode that is seen after it began.

    `states` is of shape [steps, num_envs, n], `dones` [steps, num_envs], and `began` [num_envs, n] of the episodes that
    the iteration begins in.
    """
    steps = torch.arange(1, len(dones) + 1, device=dones.device).unsqueeze(-1)
    latest = torch.where(dones, steps, 0).cummax(0).values.unsqueeze(-1).expand_as(states)
    return torch.cat([began.unsqueeze(0), states]).gather(0, latest)
