"""Gradient norms of an update before clipping, by network, however the algorithm groups its networks for clipping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from trainer_proc.metrics.observer import NotObservable, Observer
from trainer_proc.metrics.update_part import RecordedUpdate, UpdatePart

_NETWORKS = ("actor", "critic", "student")


class GradientNorms(UpdatePart):
    """Records each network's total norm where the algorithm calls `torch.nn.utils.clip_grad_norm_`.

    Algorithms discard the norms, and clipping overwrites the gradients. Patching the function during an update costs
    nothing, while hooks on every parameter would cost kernels.
    """

    what = "gradient norms"

    def __init__(self, algorithm: Any, observer: Observer) -> None:
        super().__init__(algorithm, observer)
        self._norms: dict[str, list[torch.Tensor]] = {}
        self._networks: dict[str, list[torch.Tensor]] = {}
        self._by_parameters: dict[frozenset[int], str] = {}
        self._torch_s_own: Callable[..., Any] | None = None
        if not self._present_networks():
            raise NotObservable(f"{self._name} has none of {', '.join(_NETWORKS)}")

    def begin(self) -> None:
        self._norms.clear()
        self._networks = self._present_networks()
        self._by_parameters = {frozenset(map(id, own)): name for name, own in self._networks.items()}
        if self._torch_s_own is None:
            clip = self._torch_s_own = torch.nn.utils.clip_grad_norm_
            torch.nn.utils.clip_grad_norm_ = lambda *args, **kwargs: self._clip(clip, *args, **kwargs)

    def take(self, recorded: RecordedUpdate) -> None:
        self._norms = {name: list(norms.unbind()) for name, norms in recorded.gradient_norms.items()}

    def end(self) -> None:
        for name in self._networks.keys() - self._norms.keys():
            reason = f"{self._name} does not clip its gradient by torch.nn.utils.clip_grad_norm_"
            self._observer.is_missing(f"gradient norm of the {name}", reason)

    def close(self) -> None:
        """Give torch its function back."""
        if self._torch_s_own is not None:
            torch.nn.utils.clip_grad_norm_, self._torch_s_own = self._torch_s_own, None

    def values(self) -> dict[str, torch.Tensor]:
        """Return the mean norm of each network over the last update's mini-batches."""
        return {
            f"Policy/{name}_gradient_norm": torch.stack(norms).detach().mean() for name, norms in self._norms.items()
        }

    def _present_networks(self) -> dict[str, list[torch.Tensor]]:
        modules = {name: getattr(self._algorithm, name, None) for name in _NETWORKS}
        return {
            name: list(module.parameters()) for name, module in modules.items() if isinstance(module, torch.nn.Module)
        }

    def _clip(self, clip: Callable[..., Any], parameters: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(parameters, torch.Tensor):
            parameters = list(parameters)  # a generator can be read once
        only = self._observer.attempt(self.what, lambda: self._before_clipping(parameters, args, kwargs))
        norm = clip(parameters, *args, **kwargs)
        if only is not None:
            self._observer.attempt(self.what, lambda: self._take(only, norm))
        return norm

    def _before_clipping(self, parameters: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> str | None:
        """Record the norm of each network in `parameters`; if it is only one, return its name: clipping computes it."""
        is_euclidean = kwargs.get("norm_type", args[1] if len(args) > 1 else 2.0) == 2.0
        several = [parameters] if isinstance(parameters, torch.Tensor) else parameters
        whole = self._by_parameters.get(frozenset(map(id, several)))  # the usual case, without the work below
        if whole and is_euclidean and any(one.grad is not None for one in several):
            return whole
        clipped = {id(one) for one in _with_gradients(several)}
        for name, own in self._networks.items():
            with_gradients = _with_gradients(own)
            ids = {id(one) for one in with_gradients}
            if ids and ids == clipped and is_euclidean:
                return name
            if ids and ids <= clipped:
                self._take(name, torch.nn.utils.get_total_norm([one.grad for one in with_gradients]))
        return None

    def _take(self, name: str, norm: torch.Tensor) -> None:
        self._norms.setdefault(name, []).append(norm)


def _with_gradients(parameters: Sequence[Any]) -> list[Any]:
    return [one for one in parameters if one.grad is not None]
