"""Delay the actions of some environments, as the way from a policy to its motors does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class ActionDelay:
    """Wraps the action terms of an environment on the instances; works for mjlab 1.6 and Isaac Lab 3.0.

    The policy's own last action, which it may observe, is not delayed.
    """

    def __init__(self, env: Any, most: int) -> None:
        """Allow delays of up to `most` environment steps; there are none until `delays` is set."""
        self._env = env
        self.most = most
        self._environments = torch.arange(env.num_envs, device=env.device)
        self.delays = torch.zeros_like(self._environments)
        """Delay of each environment in steps, 0 to `most`, of shape E."""
        for name in env.action_manager.active_terms:
            term = env.action_manager.get_term(name)
            term.process_actions = self._delayed(term.process_actions)

    def _delayed(self, process: Callable[[torch.Tensor], None]) -> Callable[[torch.Tensor], None]:
        past: list[torch.Tensor] = []
        """Newest first; an episode's first action fills it, as in mjlab's `DelayBuffer`."""

        def process_delayed(actions: torch.Tensor) -> None:
            begins = (self._env.episode_length_buf == 0).unsqueeze(-1)
            past[:] = [actions.clone(), *(torch.where(begins, actions, one) for one in past)][: self.most + 1]
            while len(past) <= self.most:
                past.append(actions.clone())
            process(torch.stack(past)[self.delays, self._environments])

        return process_delayed
