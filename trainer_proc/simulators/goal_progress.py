"""Goals of a command term on either simulator: which were achieved in an episode, and where they are sampled.

Shapes: E environments, of which N are resampled; A numbers make a goal.
"""

from __future__ import annotations

import torch

Range = tuple[float, float]
Ids = torch.Tensor | slice


class GoalProgress:
    """Which goals of an episode were achieved. An episode succeeds if it achieves each of its goals.

    `achieved` (E, bool) is that of the present goal, `episode_success` (E) is 1 or 0.
    """

    def __init__(self, num_envs: int, device: str) -> None:
        self.achieved = torch.zeros(num_envs, dtype=torch.bool, device=device)
        self.episode_success = torch.zeros(num_envs, device=device)
        self._has_missed = torch.zeros_like(self.achieved)
        self._held: torch.Tensor | None = None

    def hold(self, goals: torch.Tensor) -> None:
        """Command these goals (E, A) from the next reset on."""
        self._held = goals

    def held(self, env_ids: Ids) -> torch.Tensor | None:
        """Return the held goals (N, A); None where goals are sampled."""
        return None if self._held is None else self._held[env_ids]

    def begin_goals(self, env_ids: Ids) -> None:
        """Begin new goals; those before are missed if they were not achieved."""
        self._has_missed[env_ids] |= ~self.achieved[env_ids]
        self.achieved[env_ids] = False

    def begin_episodes(self, env_ids: Ids | None) -> None:
        """Begin new episodes, which have missed none."""
        self._has_missed[env_ids] = False
        self.episode_success[env_ids] = 0.0

    def advance(self, ids: Ids, achieves: torch.Tensor) -> None:
        """Take a step in these environments; `achieves` (N, bool) is whether the goal is achieved now."""
        self.achieved[ids] |= achieves
        self.episode_success[:] = (self.achieved & ~self._has_missed).float()


def uniform(count: int, ranges: tuple[Range, ...], device: str) -> torch.Tensor:
    """Return samples (N, A), each column uniform in its range."""
    low, high = torch.tensor(ranges, device=device).unbind(-1)
    return low + torch.rand(count, len(ranges), device=device) * (high - low)


def ahead(position: torch.Tensor, heading: torch.Tensor, forward: torch.Tensor, left: torch.Tensor) -> torch.Tensor:
    """Return the place (N, 2) that is `forward` and `left` (N, m) of a position (N, 3) with this heading (N, rad)."""
    cos, sin = heading.cos(), heading.sin()
    return position[:, :2] + torch.stack([forward * cos - left * sin, forward * sin + left * cos], dim=-1)
