"""Which numbers of a stage are tensors: those that have changed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from trainer_proc.fast.mjlab.device_number import Use
from trainer_proc.fast.mjlab.values import Place, owners_of

_CHANGES = 2
"""Changes of a value after which it becomes a tensor: one edit is captured, a ramp goes on and on."""


@dataclass
class _Number:
    """A float, or a tuple of them, that graphs read on the device."""

    place: Place
    uses: tuple[Use, ...]
    is_tuple: bool

    def stand_in(self) -> Any:
        numbers = tuple(use.number(value) for use, value in zip(self.uses, _floats(self.place.get()), strict=True))
        return numbers if self.is_tuple else numbers[0]

    def take(self) -> bool:
        """Copy the present value to the device; return whether graphs are right with it."""
        values = _floats(self.place.get())
        if len(values) != len(self.uses):
            return False
        for use, value in zip(self.uses, values, strict=True):
            use.tensor.fill_(value)
        return all(use.allows(value) for use, value in zip(self.uses, values, strict=True))


class DeviceNumbers:
    """The numbers of one stage. Those that can be reached from `excluded` go to code that is not known."""

    def __init__(self, device: torch.device, excluded: Sequence[Any] = ()) -> None:
        self._device = device
        self._excluded = {id(owner) for owner in owners_of(excluded)}
        self.generation = 0
        """Differs wherever graphs may read other tensors."""
        self._changes: dict[tuple[int, Any], int] = {}
        self._numbers: dict[tuple[int, Any], _Number] = {}
        self._fixed: set[tuple[int, Any]] = set()

    def take(self, changed: Sequence[Place] | None) -> bool:
        """Take the present values of what has changed, None if that is not known; return whether graphs are right."""
        if changed is None:
            self._forget()
            return False
        are_right = [self._take(place) for place in changed]
        return all(are_right)

    def _take(self, place: Place) -> bool:
        key = id(place.owner), place.key
        if (number := self._numbers.get(key)) is not None:
            if number.take():
                return True
            if any(use.is_fixed for use in number.uses):
                self._fixed.add(key)
            del self._numbers[key]  # its answers are those of old graphs
            self.generation += 1
        self._changes[key] = self._changes.get(key, 0) + 1
        is_known = key not in self._fixed and id(place.owner) not in self._excluded
        if is_known and self._changes[key] >= _CHANGES and (values := _floats(place.get())):
            uses = tuple(Use(value, self._device) for value in values)
            self._numbers[key] = _Number(place, uses, is_tuple=isinstance(place.get(), tuple))
            self.generation += 1
        return False

    def fix(self) -> bool:
        """Make no tensor of the present numbers any more; return whether there was one."""
        self._fixed |= set(self._numbers)
        return self._forget()

    def _forget(self) -> bool:
        had_one = bool(self._numbers)
        self._numbers.clear()
        self.generation += had_one
        return had_one

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the numbers stand in their configurations, for a capture."""
        floats = [(number.place, number.place.get()) for number in self._numbers.values()]
        try:
            for number in self._numbers.values():
                number.place.set(number.stand_in())
            yield
        finally:
            for place, value in floats:
                place.set(value)


def _floats(value: Any) -> tuple[float, ...]:
    """Return the floats of a value, empty if it isn't one or a tuple of them."""
    values = value if isinstance(value, tuple) else (value,)
    return values if all(type(one) is float for one in values) else ()
