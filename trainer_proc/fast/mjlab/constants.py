"""Tensors that terms make from host data at each call, made once, because a captured graph can't copy from the host.

`torch.tensor([...], device=...)` and an index such as `x[:, [1, 2]]` copy from pageable memory, which waits for the
device, and which CUDA refuses while it captures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from trainer_proc.fast.graph import waits_allowed

_FACTORIES = frozenset({torch.tensor, torch.as_tensor})
_INDEXING = frozenset({torch.Tensor.__getitem__, torch.Tensor.__setitem__})


class HostConstants(TorchFunctionMode):
    """While entered, the same host data gives the same tensor; a later call may change it only by a new object.

    Enter it once before a capture, so that all constants exist, then during the capture.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[Any, torch.Tensor] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _FACTORIES and _is_host_data(args[0]):
            return self._constant((func, _frozen(args[0]), _frozen(kwargs)), lambda: func(*args, **kwargs)).clone()
        if func in _INDEXING and isinstance(args[0], torch.Tensor):
            index = self._on_device(args[1], args[0].device)
            args = (args[0], index, *(self._value(value, args[0]) for value in args[2:]))
        return func(*args, **kwargs)

    def _on_device(self, index: Any, device: torch.device) -> Any:
        if isinstance(index, tuple):
            return tuple(self._on_device(one, device) for one in index)
        if isinstance(index, list) and index and _is_host_data(index):
            return self._constant(("index", _frozen(index), device), lambda: torch.tensor(index, device=device))
        return index

    def _value(self, value: Any, target: torch.Tensor) -> Any:
        """Return a number that is written by an index as a tensor; torch copies it from the host."""
        if not isinstance(value, bool | int | float):
            return value
        make = partial(torch.tensor, value, dtype=target.dtype, device=target.device)
        return self._constant(("value", type(value), value, target.dtype, target.device), make)

    def _constant(self, key: Any, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        if key not in self._made:
            with waits_allowed():
                self._made[key] = make()
        return self._made[key]


def _is_host_data(data: Any) -> bool:
    """Return whether `data` is numbers, or lists of them; an array or a tensor may change without a trace."""
    if isinstance(data, list | tuple):
        return all(_is_host_data(one) for one in data)
    return isinstance(data, bool | int | float)


def _frozen(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return tuple(_frozen(one) for one in data)
    if isinstance(data, dict):
        return tuple(sorted((key, str(value)) for key, value in data.items()))
    return type(data), data
