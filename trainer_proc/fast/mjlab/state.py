"""The tensors that the objects of an environment hold, by environment, found by walking their attributes.

A stage that acts on some environments only runs on all of them, and puts the others back. So it must know every tensor
that it may have written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch
from mjlab.sim.sim_data import TorchArray
from mjlab.utils.buffers import CircularBuffer
from torch.utils._python_dispatch import TorchDispatchMode

STATE_FIELDS = (
    "time",
    "qpos",
    "qvel",
    "act",
    "ctrl",
    "qacc_warmstart",
    "qfrc_applied",
    "xfrc_applied",
    "mocap_pos",
    "mocap_quat",
)
"""Fields of `Simulation.data` that MuJoCo integrates or reads as inputs; all others follow from them."""

_SKIPPED = ("torch", "numpy", "warp", "mujoco", "mujoco_warp", "mjlab.sim", "mjlab.envs.manager", "mjlab.viewer")
"""Modules whose objects are not searched."""
_CODE = (type, FunctionType, MethodType, ModuleType)


class Moved(ValueError):
    """A tensor can't stay where graphs know it; the message says which."""


@dataclass(frozen=True)
class Slot:
    """A place that holds a tensor; `dim` is its dimension of the environments, None if it has none."""

    owner: Any
    key: Any
    dim: int | None

    def get(self) -> Any:
        return self.owner[self.key] if isinstance(self.owner, dict | list) else getattr(self.owner, self.key)

    def set(self, tensor: torch.Tensor) -> None:
        if isinstance(self.owner, dict | list):
            self.owner[self.key] = tensor
        else:
            setattr(self.owner, self.key, tensor)


def slots_of(roots: Iterable[Any], num_envs: int) -> list[Slot]:
    """Return the slots of all objects that can be reached from `roots` by attributes, mappings and lists."""
    return [
        Slot(owner, key, _dimension(owner, key, value, num_envs))
        for owner, key, value in objects_of(roots)
        if isinstance(value, torch.Tensor) and value.numel()
    ]


def simulation_slots(simulation: Any) -> list[Slot]:
    """Return the slots of MuJoCo's state and inputs."""
    data = simulation.wp_data
    return [Slot(simulation.data, name, 0) for name in STATE_FIELDS if getattr(data, name).size]


def objects_of(roots: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Yield owner, key and value of everything that can be reached from `roots`, each owner once."""
    seen: set[int] = set()
    pending = list(roots)
    while pending:
        owner = pending.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for key, value in list(_children(owner)):
            yield owner, key, value
            if not isinstance(value, torch.Tensor):
                pending.append(value)


def written_by(run: Callable[[], object], slots: list[Slot]) -> list[Slot]:
    """Run `run`, and return the slots that it wrote, in place or by another tensor."""
    before = [slot.get() for slot in slots]
    with _Writes() as writes:
        run()
    return [
        slot
        for slot, old in zip(slots, before, strict=True)
        if slot.get() is not old or writes.has_written(_plain(old))
    ]


@contextmanager
def same_tensors(slots: list[Slot]) -> Iterator[None]:
    """Put a tensor that replaced another one in the block back into the old one, whose address a graph knows.

    Raises `Moved` at the end if one doesn't fit; it stays as the block has left it.
    """
    before = [slot.get() for slot in slots]
    yield
    moved: list[Slot] = []
    for slot, old in zip(slots, before, strict=True):
        new = slot.get()
        if new is old or isinstance(old, TorchArray):
            continue
        if isinstance(new, torch.Tensor) and new.shape == old.shape and new.dtype == old.dtype:
            old.copy_(new)
            slot.set(old)
        else:
            moved.append(slot)
    if moved:
        raise Moved(f"{moved[0].key} of {type(moved[0].owner).__name__} changes its shape")


@contextmanager
def only_where(mask: torch.Tensor, slots: list[Slot]) -> Iterator[None]:
    """Keep what the block writes in environments of `mask`, of shape [num_envs], and put all others back."""
    for slot in slots:
        if slot.dim is None:
            raise ValueError(f"{slot.key} of {type(slot.owner).__name__} has no row for each environment")
    places = {
        (tensor.data_ptr(), tensor.shape): (slot, tensor) for slot in slots if (tensor := _plain(slot.get())).numel()
    }
    kept = [tensor.clone() for _, tensor in places.values()]
    with same_tensors(slots):
        yield
    for (slot, tensor), old in zip(places.values(), kept, strict=True):
        rows = mask.view([-1 if dim == slot.dim else 1 for dim in range(tensor.dim())])
        tensor.copy_(torch.where(rows, tensor, old))


@contextmanager
def restored(slots: list[Slot]) -> Iterator[None]:
    """Put all tensors back at the end of the block."""
    places = [slot.get() for slot in slots]
    kept = [_plain(tensor).clone() for tensor in places]
    try:
        yield
    finally:
        for slot, tensor, old in zip(slots, places, kept, strict=True):
            _plain(tensor).copy_(old)
            if slot.get() is not tensor:
                slot.set(tensor)


class _Writes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects the memory that operations write."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._written: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        for argument, value in zip(func._schema.arguments, args, strict=False):
            self._note(argument, value)
        for argument in func._schema.arguments:
            if argument.name in kwargs:
                self._note(argument, kwargs[argument.name])
        return func(*args, **kwargs)

    def _note(self, argument: Any, value: Any) -> None:
        if argument.alias_info is None or not argument.alias_info.is_write:
            return
        for tensor in value if isinstance(value, list | tuple) else (value,):
            if isinstance(tensor, torch.Tensor):
                self._written.add(tensor.untyped_storage().data_ptr())

    def has_written(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() in self._written


def _plain(value: Any) -> torch.Tensor:
    return value._tensor if isinstance(value, TorchArray) else value


def _children(owner: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(owner, dict):
        yield from owner.items()
    elif isinstance(owner, list):
        yield from enumerate(owner)
    elif isinstance(owner, tuple):
        yield from ((index, one) for index, one in enumerate(owner) if not isinstance(one, torch.Tensor))
    elif _is_searched(owner):
        yield from ((key, value) for key, value in vars(owner).items() if key != "_cached_data")


def _is_searched(owner: Any) -> bool:
    return (
        hasattr(owner, "__dict__") and not isinstance(owner, _CODE) and not type(owner).__module__.startswith(_SKIPPED)
    )


def _dimension(owner: Any, key: Any, tensor: torch.Tensor, num_envs: int) -> int | None:
    if isinstance(owner, CircularBuffer) and key == "_buffer":
        return 1  # time comes first there
    return 0 if tensor.dim() and tensor.shape[0] == num_envs else None
