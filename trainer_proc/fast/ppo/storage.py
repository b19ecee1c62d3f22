"""Writes rsl-rl's rollout storage at an index on the device, so that one graph serves all steps of a rollout."""

from __future__ import annotations

from typing import Any

import torch


def storage_tensors(storage: Any) -> tuple[torch.Tensor, ...]:
    """Return all tensors of the storage that rsl-rl writes in place; it makes `advantages` anew."""
    return (
        *storage.observations.values(),
        storage.actions,
        storage.rewards,
        storage.dones,
        storage.values,
        storage.actions_log_prob,
        storage.returns,
        *(storage.distribution_params or ()),
    )


class StorageRow:
    """The row of the storage that is written next."""

    def __init__(self, storage: Any, device: torch.device) -> None:
        self._storage = storage
        with torch.inference_mode(False):
            self.index = torch.zeros(1, dtype=torch.long, device=device)
            """The row's number, of shape [1]."""

    def allocate(self, distribution_params: tuple[torch.Tensor, ...]) -> None:
        """Make the storage's tensors for the parameters of the distribution, which rsl-rl makes at the first step."""
        storage = self._storage
        if storage.distribution_params is None:
            rows = (storage.num_transitions_per_env, storage.num_envs)
            with torch.inference_mode(False):
                storage.distribution_params = tuple(
                    torch.zeros(*rows, *one.shape[1:], device=storage.device) for one in distribution_params
                )

    def point(self) -> None:
        """Point to the storage's present step. Raises `OverflowError` as rsl-rl, if it is full."""
        storage = self._storage
        if storage.step >= storage.num_transitions_per_env:
            raise OverflowError("Rollout buffer overflow! You should call clear() before adding new transitions.")
        self.index.fill_(storage.step)

    def next(self) -> None:
        self._storage.step += 1

    def add(self, transition: Any) -> None:
        """As the storage's `add_transition`, at the row on the device; the step of the host stays."""
        storage = self._storage
        for name, stored in storage.observations.items():
            self._put(stored, transition.observations[name])
        self._put(storage.actions, transition.actions)
        self._put(storage.rewards, transition.rewards.view(-1, 1))
        self._put(storage.dones, transition.dones.view(-1, 1))
        self._put(storage.values, transition.values)
        self._put(storage.actions_log_prob, transition.actions_log_prob.view(-1, 1))
        for stored, value in zip(storage.distribution_params, transition.distribution_params, strict=True):
            self._put(stored, value)

    def _put(self, stored: torch.Tensor, value: torch.Tensor) -> None:
        stored.index_copy_(0, self.index, value.unsqueeze(0).to(stored.dtype))
