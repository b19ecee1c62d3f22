"""rsl-rl's check of what the environment returns for NaN, read once a rollout instead of four times a step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from tensordict import TensorDict


class NanCheck:
    """Collects on the device what has been NaN in a rollout."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.is_on = False
        """Whether NaN ends the training; a change needs no new capture."""
        self._names: tuple[str, ...] = ()
        self._flags = torch.zeros(0)

    def allocate(self, observations: Mapping[str, torch.Tensor]) -> None:
        if self._names != tuple(observations):
            self._names = tuple(observations)
            with torch.inference_mode(False):
                self._flags = torch.zeros(len(self._names) + 1, dtype=torch.bool, device=self._device)

    def add(self, observations: Mapping[str, torch.Tensor], rewards: torch.Tensor) -> None:
        checked = [*(observations[name] for name in self._names), rewards]
        self._flags.logical_or_(torch.stack([torch.isnan(one).any() for one in checked]))

    def changed(self) -> tuple[torch.Tensor, ...]:
        return (self._flags,)

    def read(self) -> None:
        """Raise `ValueError` as rsl-rl if anything was NaN since the last call."""
        if not self._names:
            return
        flags = self._flags.tolist() if self.is_on else []
        self._flags.zero_()
        if any(flags):
            *of_groups, of_rewards = (torch.full((1, 1), torch.nan if flag else 0.0) for flag in flags)
            groups = TensorDict(dict(zip(self._names, of_groups, strict=True)), batch_size=[1])
            check_of_rsl_rl(groups, of_rewards, torch.zeros(1))

    def step(self, observations: TensorDict, rewards: torch.Tensor, dones: torch.Tensor) -> None:
        """Check a step that runs eagerly."""
        if self.is_on:
            check_of_rsl_rl(observations, rewards, dones)


def check_of_rsl_rl(observations: TensorDict, rewards: torch.Tensor, dones: torch.Tensor) -> None:
    from rsl_rl.utils import check_nan

    check_nan(observations, rewards, dones)
