"""Sorted integers, such as the iterations of a metric; evenly spaced ones take no memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.growing_array import GrowingArray


class SortedIntegers:
    """Integers (int64) in ascending order, with repetitions.

    While they are evenly spaced, as for a metric of each iteration, only start, step and count are stored. From the
    first exception on, each takes 8 bytes.
    """

    def __init__(self) -> None:
        self._start = 0
        self._step = 1
        self._count = 0
        self._each: GrowingArray[np.int64] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[np.int64]:
        """All numbers, shape (count,); read-only."""
        return self.values_from(0)

    @property
    def first(self) -> int:
        """The smallest number; the sequence must not be empty."""
        return self.at(0)

    @property
    def last(self) -> int:
        """The largest number; the sequence must not be empty."""
        return self.at(self._count - 1)

    def append(self, number: int) -> None:
        """Append a number not below the last one."""
        if self._each is None and not self._continues(number):
            self._write_out()
        if self._each is not None:
            self._each.append(number)
        self._count += 1

    def extend(self, numbers: NDArray[np.int64] | range) -> None:
        """Append sorted numbers of shape (k,), none below the last one."""
        if not len(numbers):
            return
        if self._each is None and not self._continues_with(numbers):
            self._write_out()
        if self._each is not None:
            self._each.extend(np.asarray(numbers, dtype=np.int64))
        self._count += len(numbers)

    def cut(self, count: int) -> None:
        """Keep the first `count` numbers only."""
        self._count = min(self._count, count)
        if self._each is not None:
            self._each.cut(count)

    def replace(self, numbers: NDArray[np.int64]) -> None:
        """Replace all numbers by these sorted ones of shape (k,)."""
        self._count, self._each = 0, None
        self.extend(numbers)

    def rows_from(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each edge the index of the first number not below it."""
        if self._each is not None:
            return np.searchsorted(self._each.values, edges).astype(np.int64)
        if not self._count:
            return np.zeros(len(edges), dtype=np.int64)
        inside = np.minimum(np.maximum(edges, self._start), self.last + 1)
        return -((self._start - inside) // self._step)

    def values_from(self, row: int) -> NDArray[np.int64]:
        """Return the numbers from index `row`, 0 to count, on; read-only."""
        if self._each is not None:
            return self._each.values[row:]
        return self._start + self._step * np.arange(row, self._count, dtype=np.int64)

    def part_from(self, row: int) -> NDArray[np.int64] | range:
        """Return the numbers from index `row`, 0 to count, on, as a range while they are evenly spaced."""
        if self._each is not None:
            return self._each.values[row:]
        return range(self._start + self._step * row, self._start + self._step * self._count, self._step)

    def at(self, row: int) -> int:
        """Return the number at index `row`."""
        return int(self._each.values[row]) if self._each is not None else self._start + self._step * row

    def _continues(self, number: int) -> bool:
        if self._count == 0:
            self._start = number
        elif self._count == 1 and number > self._start:
            self._step = number - self._start
        else:
            return number == self._start + self._step * self._count
        return True

    def _continues_with(self, numbers: NDArray[np.int64] | range) -> bool:
        start, step = self._start, self._step
        if self._count == 0:
            start, step = int(numbers[0]), int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
        elif self._count == 1:
            step = int(numbers[0]) - start
        expected_first = start + step * self._count
        if step < 1 or int(numbers[0]) != expected_first or not _is_spaced(numbers, step):
            self._start = start
            return False
        self._start, self._step = start, step
        return True

    def _write_out(self) -> None:
        each: GrowingArray[np.int64] = GrowingArray(np.int64)
        each.extend(self.values)
        self._each = each


def as_range(numbers: NDArray[np.int64]) -> NDArray[np.int64] | range:
    """Return the same numbers, shape (k,), as a range if they are evenly spaced."""
    step = int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
    if step < 1 or not _is_spaced(numbers, step):
        return numbers
    return range(int(numbers[0]), int(numbers[-1]) + step, step)


def _is_spaced(numbers: NDArray[np.int64] | range, step: int) -> bool:
    if isinstance(numbers, range):
        return len(numbers) == 1 or numbers.step == step
    return bool((np.diff(numbers) == step).all())
