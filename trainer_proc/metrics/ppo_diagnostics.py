"""PPO diagnostics, measured while rsl-rl updates, without a copy of its update loop.

rsl-rl's `PPO.update` (5.4.2 and 5.5.1) reports losses only. Wrapped methods of the instances record the rest. All sums
stay on the algorithm's device until `collect`, which copies them once, after rsl-rl has synchronized anyway. A user's
algorithm may lack any of it: each part is left out alone, with the reason.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import torch

from trainer_proc.metrics.gradient_norms import GradientNorms
from trainer_proc.metrics.observer import NotObservable, Observer
from trainer_proc.metrics.policy_change import PolicyChange
from trainer_proc.metrics.update_part import RecordedUpdate, UpdatePart


class ExplainedVariance(UpdatePart):
    """How well the critic predicts the returns of the rollout."""

    what = "explained variance"

    def __init__(self, algorithm: Any, observer: Observer) -> None:
        super().__init__(algorithm, observer)
        storage = getattr(algorithm, "storage", None)
        if not (hasattr(storage, "returns") and hasattr(storage, "values") and hasattr(algorithm, "compute_returns")):
            raise NotObservable(f"{self._name} computes no returns")
        self._measured: torch.Tensor | None = None
        self._compute_returns = algorithm.compute_returns
        algorithm.compute_returns = self._observed_returns

    def begin(self) -> None:
        if self._measured is None:
            self._observer.is_missing("explained variance", f"{self._name} does not call its compute_returns")

    def values(self) -> dict[str, torch.Tensor]:
        """Return the metric of the newest rollout, once."""
        measured, self._measured = self._measured, None
        return {} if measured is None else {"Policy/explained_variance": measured}

    def _observed_returns(self, *args: Any, **kwargs: Any) -> Any:
        result = self._compute_returns(*args, **kwargs)
        self._observer.attempt(self.what, self._measure)
        return result

    def _measure(self) -> None:
        returns, values = self._algorithm.storage.returns, self._algorithm.storage.values
        if returns.shape != values.shape or (returns.ndim > 2 and returns.shape[-1] != 1):
            shapes = f"returns of shape {list(returns.shape)} and values of shape {list(values.shape)}"
            raise NotObservable(f"expected one return and one value a step, got {shapes}")
        self._measured = explained_variance(returns, values)


_PARTS: tuple[type[UpdatePart], ...] = (PolicyChange, GradientNorms, ExplainedVariance)


class PpoDiagnostics:
    """Attached to an algorithm, collects KL, clip fraction, gradient norms and explained variance."""

    def __init__(self, algorithm: Any, observer: Observer | None = None) -> None:
        """Wrap methods of `algorithm` on the instance; `observer` reports what can't be measured."""
        self._algorithm = algorithm
        self._observer = observer or Observer()
        self._parts: list[UpdatePart] = []
        for part in _PARTS:
            self._observer.attempt(part.what, partial(self._add, part))
        self._update = algorithm.update
        algorithm.update = self._observed_update

    def take(self, recorded: RecordedUpdate) -> None:
        """Measure a captured update, in which no wrapped method is called."""
        for part in self._parts:
            self._observer.attempt(part.what, partial(part.take, recorded))

    def collect(self) -> dict[str, float]:
        """Return the last update's metrics by name; empty before the first update.

        `Policy/kl`, in [0, ∞), is the change of the policy since the rollout. `Policy/kl_before_update` is the part of
        it before the first gradient step, in the first mini-batch: rsl-rl 5.4 updates its normalizers during the
        rollout. `Policy/clip_fraction`, in [0, 1], is the share of samples whose probability ratio differs from 1 by
        more than `clip_param`. Gradient norms are those before clipping. `Policy/explained_variance` is
        `1 - Var(returns - values) / Var(returns)`, at most 1.
        """
        measured: dict[str, torch.Tensor] = {}
        for part in self._parts:
            measured |= self._observer.attempt(part.what, part.values) or {}
        metrics = self._observer.attempt("PPO diagnostics", lambda: _numbers(measured)) or {}
        if metrics and (desired := getattr(self._algorithm, "desired_kl", None)) is not None:
            metrics["Policy/desired_kl"] = float(desired)
        return metrics

    def _add(self, part: type[UpdatePart]) -> None:
        self._parts.append(part(self._algorithm, self._observer))

    def _observed_update(self, *args: Any, **kwargs: Any) -> Any:
        for part in self._parts:
            self._observer.attempt(part.what, part.begin)
        try:
            result = self._update(*args, **kwargs)
            for part in self._parts:
                self._observer.attempt(part.what, part.end)
            return result
        finally:
            for part in self._parts:
                with suppress(Exception):  # not `attempt`: what has been left out meanwhile is closed too
                    part.close()


def explained_variance(returns: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return `1 - Var(returns - values) / Var(returns)`, at most 1."""
    return 1.0 - (returns - values).var() / returns.var()


def _numbers(measured: dict[str, torch.Tensor]) -> dict[str, float]:
    """Return tensors of one number as numbers, copied from the device at once."""
    if not measured:
        return {}
    tensors = [tensor.reshape(()).float() for tensor in measured.values()]
    together = torch.stack([tensor.to(tensors[0].device) for tensor in tensors])
    return dict(zip(measured, together.tolist(), strict=True))
