"""Split the steps of one iteration into episodes; an environment may end several, or one that began earlier.

Steps are counted within the iteration. A state after a step that ends an episode belongs to the next episode, because
the environment has been reset by then.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


class Trace:
    """Records a tensor after each step of an iteration, and before the first."""

    def __init__(self, read: Callable[[], torch.Tensor]) -> None:
        """`read()` returns a copy of shape [num_envs, ...]; it is called once a step."""
        self._read = read
        self._seen: list[torch.Tensor] = []

    def begin(self) -> None:
        """Start over: the present state is the one before the first step."""
        self._seen = [self._read()]

    def step(self) -> None:
        """Record the state after a step."""
        self._seen.append(self._read())

    def take(self) -> torch.Tensor:
        """Return the record, of shape [steps + 1, num_envs, ...]; its last state starts the next iteration."""
        seen = torch.stack(self._seen)
        del self._seen[:-1]
        return seen


def totals_of_episodes(
    values: torch.Tensor, dones: torch.Tensor, carried: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of `values` over each episode, at the step that ends it, and the sums of unfinished episodes.

    `values` (at least 0, finite) is of shape [steps, num_envs, n], `dones` [steps, num_envs], and `carried`
    [num_envs, n] the sums of episodes that began earlier. Only sums at a step that ends an episode are valid.
    """
    ends = dones.unsqueeze(-1)
    running = values.masked_fill(ends, 0.0).cumsum(0) + carried
    at_last_end = running.masked_fill(~ends, 0.0).cummax(0).values  # sums never fall, so the latest end has the largest
    at_begin = torch.cat([torch.zeros_like(carried).unsqueeze(0), at_last_end[:-1]])
    return running - at_begin, running[-1] - at_last_end[-1]


def where_episodes_began(states: torch.Tensor, dones: torch.Tensor, began: torch.Tensor) -> torch.Tensor:
    """Return, for each step, the first state of the episode that is running after it.

    `states` is of shape [steps, num_envs, n], `dones` [steps, num_envs], and `began` [num_envs, n] the first states of
    the episodes running at the start.
    """
    steps = torch.arange(1, len(dones) + 1, device=dones.device).unsqueeze(-1)
    latest = torch.where(dones, steps, 0).cummax(0).values.unsqueeze(-1).expand_as(states)
    return torch.cat([began.unsqueeze(0), states]).gather(0, latest)
