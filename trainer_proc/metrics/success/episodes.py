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


def lengths_of_episodes(dones: torch.Tensor, carried: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how many steps each episode has lasted, with the present one, and the steps of unfinished episodes.

    `dones` is of shape [steps, num_envs], `carried` (long) [num_envs] the steps of episodes that began earlier.
    """
    steps = torch.arange(1, len(dones) + 1, device=dones.device).unsqueeze(-1)
    latest_end = torch.where(dones, steps, 0).cummax(0).values
    began = torch.cat([-carried.unsqueeze(0), torch.where(latest_end > 0, latest_end, -carried)])
    return steps - began[:-1], len(dones) - began[-1]


def moving_mean(
    values: torch.Tensor, lengths: torch.Tensor, earlier: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean over the newest steps of each episode, at each step, and the values to pass next as `earlier`.

    `values` (finite, double) is of shape [steps, num_envs, n]. `lengths` [steps, num_envs] are as of
    `lengths_of_episodes`. `earlier` [window, num_envs, n] are the values before; its length is the largest number of
    steps in a mean. An episode that has lasted shorter has a mean over fewer steps.
    """
    window, steps = len(earlier), len(values)
    joined = torch.cat([earlier, values])
    sums = torch.cat([torch.zeros_like(joined[:1]), joined.cumsum(0)])
    counts = lengths.clamp(max=window).unsqueeze(-1)
    ends = torch.arange(window + 1, window + 1 + steps, device=values.device).reshape(-1, 1, 1)
    before = sums.gather(0, (ends - counts).expand_as(values))
    return (sums[window + 1 :] - before) / counts, joined[steps:]


def where_episodes_began(states: torch.Tensor, dones: torch.Tensor, began: torch.Tensor) -> torch.Tensor:
    """Return, for each step, the first state of the episode that is running after it.

    `states` is of shape [steps, num_envs, n], `dones` [steps, num_envs], and `began` [num_envs, n] the first states of
    the episodes running at the start.
    """
    steps = torch.arange(1, len(dones) + 1, device=dones.device).unsqueeze(-1)
    latest = torch.where(dones, steps, 0).cummax(0).values.unsqueeze(-1).expand_as(states)
    return torch.cat([began.unsqueeze(0), states]).gather(0, latest)


class Lifetimes:
    """How long episodes last, across calls."""

    def __init__(self, longest: int | None) -> None:
        """`longest` is the number of steps after which an episode ends by time-out; None if that is not known."""
        self._longest = longest
        self._carried: torch.Tensor | None = None

    def begin(self) -> None:
        """Start over: episodes begin now."""
        self._carried = None

    def lengths(self, dones: torch.Tensor) -> torch.Tensor:
        """Return how many steps each episode has lasted, with the present one, of shape [steps, num_envs]; long."""
        if self._carried is None:
            self._carried = torch.zeros(dones.shape[1], dtype=torch.long, device=dones.device)
        lengths, self._carried = lengths_of_episodes(dones, self._carried)
        return lengths

    def due(self, lengths: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        """Return how many steps an episode could have lasted, at its end: its own length if it ended by time-out.

        Only episodes that were measured from their start can be as long as the longest.
        """
        if self._longest is None:
            return lengths
        return torch.where(time_outs, lengths, lengths.clamp(min=self._longest))

    def survival(self, lengths: torch.Tensor, time_outs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the share of the longest episode that was lived, 0 to 1, as a measure; nothing if it is not known."""
        if self._longest is None:
            return {}
        return {"score/survival": lengths.double() / self.due(lengths, time_outs)}
