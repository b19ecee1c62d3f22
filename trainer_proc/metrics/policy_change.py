"""KL and clip fraction of a PPO update, from the log-probabilities that the algorithm computes anyway."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch

from trainer_proc.metrics.observer import NotObservable, Observer
from trainer_proc.metrics.update_part import RecordedUpdate, UpdatePart

_GENERATORS = ("mini_batch_generator", "recurrent_mini_batch_generator")


class PolicyChange(UpdatePart):
    """Compares the policy's log-probabilities of each mini-batch's actions with those of the rollout."""

    what = "KL and clip fraction"

    def __init__(self, algorithm: Any, observer: Observer) -> None:
        """Wrap methods of the algorithm's actor and storage. Raises `NotObservable`."""
        super().__init__(algorithm, observer)
        log_probability = getattr(getattr(algorithm, "actor", None), "get_output_log_prob", None)
        if log_probability is None:
            raise NotObservable(f"{self._name} has no actor with log-probabilities")
        storage = getattr(algorithm, "storage", None)
        generators = {name: made for name in _GENERATORS if (made := getattr(storage, name, None)) is not None}
        if not generators:
            raise NotObservable(f"{self._name} has no storage that makes mini-batches")
        self._log_probability = log_probability
        self._batch: Any = None
        self._pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
        algorithm.actor.get_output_log_prob = self._observed_log_probability
        for generator_name, generator in generators.items():
            setattr(storage, generator_name, self._with_batches_remembered(generator))

    def begin(self) -> None:
        self._batch = None
        self._pairs.clear()

    def take(self, recorded: RecordedUpdate) -> None:
        self._pairs = list(zip(recorded.new_log_prob.unbind(), recorded.old_log_prob.unbind(), strict=True))

    def end(self) -> None:
        if not self._pairs:
            self._observer.is_missing("KL", f"{self._name} computes no log-probabilities of the rollout's mini-batches")

    def close(self) -> None:
        self._batch = None

    def values(self) -> dict[str, torch.Tensor]:
        if not self._pairs:
            return {}
        new, old = (torch.cat(parts) for parts in zip(*self._pairs, strict=True))
        divergence, change = change_of_samples(new, old)
        of_first_batch = divergence[: self._pairs[0][0].numel()]
        metrics = {"Policy/kl": divergence.mean(), "Policy/kl_before_update": of_first_batch.mean()}
        clip_param = getattr(self._algorithm, "clip_param", None)
        if clip_param is None:
            self._observer.is_missing("clip fraction", f"{self._name} has no clip_param")
        else:
            metrics["Policy/clip_fraction"] = clipped_share(change, clip_param)
        return metrics

    def _observed_log_probability(self, *args: Any, **kwargs: Any) -> Any:
        log_probability = self._log_probability(*args, **kwargs)
        if self._batch is not None:
            self._observer.attempt(self.what, lambda: self._take(log_probability, *args, **kwargs))
        return log_probability

    def _take(self, log_probability: torch.Tensor, outputs: torch.Tensor) -> None:
        """Record the first log-probabilities of the mini-batch's own actions; `values` handles all at once.

        Others belong to an auxiliary loss of the algorithm.
        """
        actions, old = self._batch.actions, self._batch.old_actions_log_prob
        if outputs.data_ptr() != actions.data_ptr() or outputs.shape != actions.shape:
            return
        if log_probability.numel() != old.numel():
            raise NotObservable(f"expected {old.numel()} log-probabilities a mini-batch, got {log_probability.numel()}")
        self._batch = None
        self._pairs.append((log_probability.detach().reshape(-1), old.reshape(-1)))

    def _with_batches_remembered(self, generator: Callable[..., Any]) -> Callable[..., Any]:
        def batches(*args: Any, **kwargs: Any) -> Any:
            made = generator(*args, **kwargs)
            if inspect.isgenerator(made):
                return self._remembering(made)
            self._observer.leave_out(self.what, "the storage's mini-batches are not made one after the other")
            return made

        return batches

    def _remembering(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self._batch = batch
            yield batch


def change_of_policy(new: torch.Tensor, old: torch.Tensor, clip_param: float) -> torch.Tensor:
    """Return KL and the clipped share of samples, shape [2], from their log-probabilities, shape [samples]."""
    divergence, change = change_of_samples(new, old)
    return torch.stack([divergence.mean(), clipped_share(change, clip_param)])


def change_of_samples(new: torch.Tensor, old: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the KL estimate of each sample and the change of its probability ratio, from log-probabilities.

    The estimate (k3) is `(r - 1) - log r`, with `r` the probability ratio of new to old policy; its mean is the KL
    (http://joschu.net/blog/kl-approx.html). The change is `r - 1`. All are of shape [samples].
    """
    log_ratio = new - old
    change = log_ratio.expm1()
    return change - log_ratio, change


def clipped_share(change: torch.Tensor, clip_param: float) -> torch.Tensor:
    """Return the share of samples, 0 to 1, whose probability ratio has changed by more than `clip_param`."""
    return (change.abs() > clip_param).sum() / change.numel()
