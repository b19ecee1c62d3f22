"""Host values that a graph bakes in: configurations of terms, and the plain attributes of terms that are objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch

_PLAIN = (bool, int, float, str, bytes, type(None))
_CODE = (type, FunctionType, MethodType, ModuleType)
_SKIPPED = ("torch", "numpy", "warp", "mujoco", "mujoco_warp", "mjlab.sim", "mjlab.envs.manager", "mjlab.entity")
_DEEPEST = 8


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a value is: an entry of a mapping, of a list or of an object's attributes."""

    owner: Any
    key: Any

    def get(self) -> Any:
        return self.owner[self.key]

    def set(self, value: Any) -> None:
        self.owner[self.key] = value


class WatchedValues:
    """All host values that can be reached from some objects; asking again costs little while nothing has changed."""

    def __init__(self, roots: Callable[[], Sequence[Any]]) -> None:
        self._roots = roots
        self._seen: list[tuple[Any, Any, Any]] = []
        self._sizes: list[tuple[Any, int]] = []
        self._values: Hashable = None
        self._changed: list[Place] | None = []

    def __call__(self) -> Hashable:
        """Return the values; the same object as before unless one has changed.

        Equal results mean that a graph that was captured with the one is right for the other. Of a tensor, only its
        place is part of it: graphs read its content at each replay.
        """
        roots = self._roots()
        are_others = self._values is None or self._are_others(roots)
        known = [] if are_others else self._seen[len(roots) :]
        changed = [Place(owner, key) for owner, key, seen in known if owner[key] is not seen]
        if are_others or changed:
            self._changed = None if are_others or self._changed is None else self._changed + changed
            self._seen = [(None, None, root) for root in roots]
            self._sizes.clear()
            values = tuple(self._value(root, _DEEPEST) for root in roots)
            if values != self._values:
                self._values = values
        return self._values

    def take_changed(self) -> list[Place] | None:
        """Return the places that have changed since this was asked; None if there are others than before."""
        changed, self._changed = self._changed, []
        return changed

    def owners(self) -> list[Any]:
        """Return all mappings, lists and attributes of objects that hold values."""
        self()
        return [owner for owner, _ in self._sizes]

    def _are_others(self, roots: Sequence[Any]) -> bool:
        known = self._seen[: len(roots)]
        if any(root is not seen for root, (_, _, seen) in zip(roots, known, strict=False)):
            return True
        return any(len(owner) != size for owner, size in self._sizes)

    def _value(self, item: Any, depth: int) -> Hashable:
        if isinstance(item, _PLAIN):
            return item
        if isinstance(item, torch.Tensor):
            return item.data_ptr(), item.shape
        if depth == 0 or isinstance(item, _CODE) or type(item).__module__.startswith(_SKIPPED):
            return id(item)
        if isinstance(item, dict):
            return tuple((str(key), self._entry(item, key, depth)) for key in self._noted(item))
        if isinstance(item, list):
            return tuple(self._entry(item, index, depth) for index in range(len(self._noted(item))))
        if isinstance(item, tuple):
            return tuple(self._value(one, depth - 1) for one in item)
        attributes = getattr(item, "__dict__", None)
        if attributes is None:
            fields = dataclasses.fields(item) if dataclasses.is_dataclass(item) else ()
            return id(item), tuple(self._value(getattr(item, one.name), depth - 1) for one in fields)
        names = tuple((name, self._entry(attributes, name, depth)) for name in self._noted(attributes))
        return type(item).__qualname__, names

    def _noted(self, owner: Any) -> Any:
        self._sizes.append((owner, len(owner)))
        return owner

    def _entry(self, owner: Any, key: Any, depth: int) -> Hashable:
        self._seen.append((owner, key, owner[key]))
        return self._value(owner[key], depth - 1)


def values_of(roots: Iterable[Any]) -> Hashable:
    """Return the host values that can be reached from `roots` now."""
    return WatchedValues(lambda: list(roots))()


def owners_of(roots: Sequence[Any]) -> list[Any]:
    """Return all mappings, lists and attributes of objects that can be reached from `roots`."""
    return WatchedValues(lambda: roots).owners()
