"""Iterations of a long journal that all metrics of a set share: hundreds of metrics would note hundreds of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.stand_ins import StoredIterations

Iterations: TypeAlias = range | NDArray[np.int64]


@dataclass(eq=False)
class Stretch:
    """Iterations of one metric set in order of arrival; some have their values, those of tables are in the journal."""

    metric_set: int
    parts: list[tuple[Iterations, StoredIterations | NDArray[np.float32]]] = field(default_factory=list)
    """Iterations, and the table that has their values, or the values, shape (metrics, n)."""
    _columns: list[dict[int, NDArray[np.float32]]] = field(default_factory=list)
    """For each part, the values of a table that have been read already."""

    @property
    def count(self) -> int:
        """Number of iterations."""
        return sum(len(iterations) for iterations, _ in self.parts)

    def add(
        self,
        iterations: Iterations,
        values: StoredIterations | NDArray[np.float32],
        columns: dict[int, NDArray[np.float32]] | None = None,
    ) -> None:
        """Add iterations with their values, shape (metrics, n), or their table and the `columns` read from it."""
        self.parts.append((iterations, values))
        self._columns.append(columns or {})

    def of(self, place: int) -> Iterator[tuple[Iterations, NDArray[np.float32] | tuple[StoredIterations, int]]]:
        """Yield iterations with the values, or the table, of the metric at this place of the set."""
        for iterations, values in self.parts:
            yield iterations, (values, place) if isinstance(values, StoredIterations) else values[place]

    def newest(self, place: int) -> float | None:
        """Return the newest value of a metric that is not in the journal only; None if all are."""
        values = next((values for _, values in reversed(self.parts) if not isinstance(values, StoredIterations)), None)
        return None if values is None else float(values[place][-1])

    def take_columns(self) -> dict[int, list[NDArray[np.float32]]]:
        """Return the values of each part by place of a metric, where all have been read; they are kept no longer."""
        columns, self._columns = self._columns, []
        parts = [(values, own) for (_, values), own in zip(self.parts, columns, strict=True)]
        read = [set(own) for values, own in parts if isinstance(values, StoredIterations)]
        return {
            place: [own[place] if isinstance(values, StoredIterations) else values[place] for values, own in parts]
            for place in (set.intersection(*read) if read else ())
        }


def joined_ranges(parts: Sequence[Iterations]) -> list[Iterations]:
    """Return the same iterations with consecutive ranges joined."""
    joined: list[Iterations] = []
    for part in parts:
        if joined and isinstance(part, range) and isinstance(before := joined[-1], range):
            step = part[0] - before[-1]
            if step > 0 and all(len(one) == 1 or one.step == step for one in (before, part)):
                joined[-1] = range(before[0], part[-1] + step, step)
                continue
        joined.append(part)
    return joined
