"""Success rate: the share of finished episodes that ended by time-out, which a standing humanoid reaches."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

WINDOW_EPISODES = 100
"""As many finished episodes as rsl-rl averages `Train/mean_reward` over."""


class SuccessWindow:
    """Counts episodes as they finish, on the device, and looks at the last `WINDOW_EPISODES` or so."""

    def __init__(self, env: Any, device: str) -> None:
        """Count for `env`; `device` is where its `dones` live."""
        self._env = env
        self._running = torch.zeros(2, device=device)
        self._iterations: deque[tuple[float, float]] = deque()

    def step(self, dones: torch.Tensor, extras: dict[str, Any]) -> None:
        """Count one environment step. `dones` has shape [num_envs]; nothing is copied from the device."""
        time_outs = extras.get("time_outs")
        if time_outs is None:  # a finite-horizon task hides its time-outs from the algorithm
            time_outs = self._env.unwrapped.termination_manager.time_outs
        done = dones > 0
        self._running += torch.stack([done.sum(), (done & time_outs.to(done.device).bool()).sum()])

    def collect(self) -> dict[str, float]:
        """Close the iteration and return `Train/success_rate` (0 to 1) and `Train/finished_episodes`.

        The rate covers whole iterations, newest first, until they hold `WINDOW_EPISODES` finished episodes; it is
        absent until an episode has finished.
        """
        finished, timed_out = self._running.tolist()
        self._running.zero_()
        self._iterations.append((finished, timed_out))
        total = sum(count for count, _ in self._iterations)
        while total - self._iterations[0][0] >= WINDOW_EPISODES:
            total -= self._iterations.popleft()[0]
        metrics = {"Train/finished_episodes": finished}
        if total > 0:
            metrics["Train/success_rate"] = sum(successes for _, successes in self._iterations) / total
        return metrics
