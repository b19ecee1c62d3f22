"""Terminations as shares of finished episodes, and reward terms per second of life, in one unit for all simulators.

The libraries' own metrics differ. `Episode_Termination/<term>` of mjlab 1.6 counts the environments that end in a step
with resets, that of Isaac Lab 3 is a share of all environments. Both divide `Episode_Reward/<term>` by the longest
possible episode instead of the actual one.
"""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.metrics.environment import unwrapped

TERMINATION, REWARD_RATE = "Termination/", "Reward_Rate/"
"""What the names of these metrics begin with."""


class EpisodeTerms:
    """Collects one iteration's steps on the device, from the managers of Isaac Lab's manager API where they exist."""

    def __init__(self, env: Any) -> None:
        env = unwrapped(env)
        self._terminations = _manager(env, "termination_manager", "get_term")
        self._rewards = _manager(env, "reward_manager", "_step_reward")
        is_per_second = getattr(getattr(env, "cfg", None), "scale_rewards_by_dt", True)  # else per step, in mjlab only
        self._seconds = 1.0 if self._rewards is None or is_per_second else float(env.step_dt)
        self._ended: list[torch.Tensor] = []
        self._paid: torch.Tensor | None = None
        self._steps = 0

    def begin(self) -> None:
        """Forget recorded steps."""
        self._ended.clear()
        self._paid, self._steps = None, 0

    def step(self) -> None:
        """Record one environment step: two kernels, no synchronization."""
        self._steps += 1
        if self._terminations is not None and (names := self._terminations.active_terms):
            self._ended.append(torch.stack([self._terminations.get_term(name) for name in names]))
        if self._rewards is not None:
            rewards = self._rewards._step_reward  # weighted, of the step before any reset
            self._paid = rewards.clone() if self._paid is None else self._paid.add_(rewards)

    def collect(self) -> dict[str, float]:
        """Close the iteration and return its metrics; synchronizes with the device once.

        `Termination/<term>` is the share of the iteration's finished episodes that the term ended, 0 to 1; absent
        without one. `Reward_Rate/<term>` is the mean weighted reward of a second, over all steps.
        """
        numbers: list[torch.Tensor] = []
        if self._ended:
            ended = torch.stack(self._ended).bool()  # [steps, terms, num_envs]; an episode ends where any term fires
            numbers += [ended.any(1).sum().reshape(1), ended.sum((0, 2))]
        if self._paid is not None:
            numbers.append(self._paid.mean(0) / (self._steps * self._seconds))
        self.begin()
        values = torch.cat(numbers).tolist() if numbers else []
        metrics: dict[str, float] = {}
        if self._terminations is not None and (names := self._terminations.active_terms) and values:
            finished, *values = values
            if finished:
                metrics |= {TERMINATION + name: count / finished for name, count in zip(names, values, strict=False)}
            values = values[len(names) :]
        if self._rewards is not None:
            metrics |= {
                REWARD_RATE + name: rate for name, rate in zip(self._rewards.active_terms, values, strict=False)
            }
        return metrics


def _manager(env: Any, name: str, needed: str) -> Any | None:
    """Return a manager; None without one, or for a user's own that lacks what is `needed`."""
    manager = getattr(env, name, None)
    return manager if hasattr(manager, "active_terms") and hasattr(manager, needed) else None
