"""Success rate: the share of finished episodes that ended by time-out, which a standing humanoid reaches."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

WINDOW_EPISODES = 100
"""As many finished episodes as rsl-rl averages `Train/mean_reward` over."""


class SuccessWindow:
    """Counts episodes as they finish, on the device, and looks at the last `WINDOW_EPISODES` or so."""

    def __init__(self, env: Any) -> None:
        """Count for `env`."""
        self._env = env
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._reuses_dones = False
        self._iterations: deque[tuple[float, float]] = deque()

    def step(self, dones: torch.Tensor, extras: dict[str, Any]) -> None:
        """Remember one environment step for `collect`. `dones` has shape [num_envs]; one kernel, no wait."""
        time_outs = extras.get("time_outs")
        if time_outs is None:  # a finite-horizon task hides its time-outs from the algorithm
            manager = getattr(getattr(self._env, "unwrapped", self._env), "termination_manager", None)
            if manager is None:
                return  # nobody knows how episodes end
            time_outs = manager.time_outs
        if self._steps and dones is self._steps[-1][0]:  # as a rule `dones` is a new tensor at each step
            self._reuses_dones = True
        self._steps.append((dones.clone() if self._reuses_dones else dones, time_outs.clone()))

    def collect(self) -> dict[str, float]:
        """Close the iteration and return `Train/success_rate` (0 to 1) and `Train/finished_episodes`.

        The rate covers whole iterations, newest first, until they hold `WINDOW_EPISODES` finished episodes; it is
        absent until an episode has finished.
        """
        finished, timed_out = self._counts()
        self._steps.clear()
        self._iterations.append((finished, timed_out))
        total = sum(count for count, _ in self._iterations)
        while total - self._iterations[0][0] >= WINDOW_EPISODES:
            total -= self._iterations.popleft()[0]
        metrics = {"Train/finished_episodes": float(finished)}
        if total > 0:
            metrics["Train/success_rate"] = sum(successes for _, successes in self._iterations) / total
        return metrics

    def _counts(self) -> tuple[int, int]:
        """Return how many episodes finished in the remembered steps, and how many of them by time-out."""
        if not self._steps:
            return 0, 0
        dones = torch.stack([dones for dones, _ in self._steps]) > 0
        time_outs = torch.stack([time_outs for _, time_outs in self._steps]).to(dones.device).bool()
        finished, timed_out = torch.stack([dones.sum(), (dones & time_outs).sum()]).tolist()
        return finished, timed_out
