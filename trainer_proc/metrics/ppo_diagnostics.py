"""PPO diagnostics, measured while rsl-rl updates, without a copy of its update loop.

rsl-rl's `PPO.update` (5.4.2 and 5.5.1) reports losses only. Wrapped methods of the instances record the
rest: mini-batches, log-probabilities and gradient norms. All sums stay on the algorithm's device until `collect`, which
copies them once, after rsl-rl has synchronized anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

_NETWORKS = ("actor", "critic")


class PpoDiagnostics:
    """Attached to an algorithm, collects KL, clip fraction, gradient norms and explained variance."""

    def __init__(self, algorithm: Any) -> None:
        """Wrap `algorithm`'s `update` and `compute_returns` on the instance."""
        self._algorithm = algorithm
        self._batch: Any = None
        self._log_probabilities: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._gradient_norms: list[torch.Tensor] = []
        self._explained_variance: torch.Tensor | None = None
        self._update = algorithm.update
        self._compute_returns = algorithm.compute_returns
        self._log_probability = algorithm.actor.get_output_log_prob
        algorithm.update = self._measured_update
        algorithm.compute_returns = self._measured_returns
        algorithm.actor.get_output_log_prob = self._measured_log_probability
        for name in ("mini_batch_generator", "recurrent_mini_batch_generator"):
            if (generator := getattr(algorithm.storage, name, None)) is not None:
                setattr(algorithm.storage, name, self._remember_batches(generator))

    def collect(self) -> dict[str, float]:
        """Return the last update's metrics by name; empty before the first update.

        `Policy/kl`, in [0, ∞), is the mean of `(r - 1) - log r` over all samples, with `r` the probability ratio of new
        to old policy (k3 of http://joschu.net/blog/kl-approx.html). `Policy/clip_fraction`, in [0, 1], is the share of
        samples with `|r - 1|` above `clip_param`. Gradient norms are those before clipping.
        `Policy/explained_variance` is `1 - Var(returns - values) / Var(returns)`, at most 1.
        """
        if not self._log_probabilities or self._explained_variance is None:
            return {}
        new, old = zip(*self._log_probabilities, strict=True)
        policy = change_of_policy(torch.cat(new), torch.cat(old).reshape(-1), self._algorithm.clip_param)
        norms = torch.stack(self._gradient_norms).reshape(-1, len(_NETWORKS)).mean(dim=0)
        values = torch.cat([policy, norms, self._explained_variance.reshape(1)]).tolist()
        names = (
            "Policy/kl",
            "Policy/clip_fraction",
            *(f"Policy/{network}_gradient_norm" for network in _NETWORKS),
            "Policy/explained_variance",
        )
        metrics = dict(zip(names, values, strict=True))
        if self._algorithm.desired_kl is not None:
            metrics["Policy/desired_kl"] = float(self._algorithm.desired_kl)
        return metrics

    def _measured_update(self) -> Any:
        self._log_probabilities.clear()
        self._gradient_norms.clear()
        try:
            with _recorded_gradient_norms(self._gradient_norms):
                return self._update()
        finally:
            self._batch = None

    def _measured_returns(self, obs: Any) -> None:
        self._compute_returns(obs)
        storage = self._algorithm.storage
        self._explained_variance = explained_variance(storage.returns, storage.values)

    def _measured_log_probability(self, outputs: torch.Tensor) -> torch.Tensor:
        log_probability: torch.Tensor = self._log_probability(outputs)
        if self._batch is not None:
            # processed in `collect`, where one kernel handles all mini-batches
            self._log_probabilities.append((log_probability.detach(), self._batch.old_actions_log_prob))
        return log_probability

    def _remember_batches(self, generator: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def remembering(*args: Any, **kwargs: Any) -> Iterator[Any]:
            for self._batch in generator(*args, **kwargs):
                yield self._batch

        return remembering


def change_of_policy(new: torch.Tensor, old: torch.Tensor, clip_param: float) -> torch.Tensor:
    """Return KL (k3) and the clipped share of samples, shape [2], from their log-probabilities, shape [samples]."""
    log_ratio = new - old
    change = log_ratio.expm1()  # ratio - 1
    clipped = (change.abs() > clip_param).sum() / change.numel()
    return torch.stack([(change - log_ratio).mean(), clipped])


def explained_variance(returns: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return `1 - Var(returns - values) / Var(returns)`, at most 1."""
    return 1.0 - (returns - values).var() / returns.var()


@contextmanager
def _recorded_gradient_norms(norms: list[torch.Tensor]) -> Iterator[None]:
    """Keep the total norms that `clip_grad_norm_` computes, actor's and critic's in turn.

    PPO discards them, and clipping overwrites the gradients. Patching the function during an update costs nothing,
    while hooks on every parameter would cost kernels.
    """
    clip = torch.nn.utils.clip_grad_norm_

    def recording(*args: Any, **kwargs: Any) -> torch.Tensor:
        norm = clip(*args, **kwargs)
        norms.append(norm.detach())
        return norm

    torch.nn.utils.clip_grad_norm_ = recording
    try:
        yield
    finally:
        torch.nn.utils.clip_grad_norm_ = clip
