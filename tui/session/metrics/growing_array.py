"""An array that grows by appending."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_SMALLEST_GROWTH = 32


class GrowingArray(Generic[Scalar]):
    """A 1-D array with spare capacity: appends are cheap, and at most a quarter of the memory is spare."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._buffer: NDArray[Scalar] = np.empty(0, dtype=dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[Scalar]:
        """All numbers so far, shape (count,); read-only, and invalid after the next change."""
        return self._buffer[: self._count]

    def append(self, value: float) -> None:
        if self._count == len(self._buffer):
            self._reserve(self._count + 1)
        self._buffer[self._count] = value
        self._count += 1

    def extend(self, values: NDArray[Scalar]) -> None:
        """Append numbers of shape (k,)."""
        count = self._count + len(values)
        if count > len(self._buffer):
            self._reserve(count)
        self._buffer[self._count : count] = values
        self._count = count

    def adopt(self, values: NDArray[Scalar]) -> None:
        """Take an array of shape (k,) over as all numbers, without a copy; it must not be changed afterwards."""
        self._buffer, self._count = values, len(values)

    def cut(self, count: int) -> None:
        """Keep the first `count` numbers only."""
        self._count = min(self._count, count)

    def _reserve(self, count: int) -> None:
        capacity = max(count, self._count * 5 // 4 + _SMALLEST_GROWTH if self._count else count)
        buffer = np.empty(capacity, dtype=self._buffer.dtype)
        buffer[: self._count] = self.values
        self._buffer = buffer
