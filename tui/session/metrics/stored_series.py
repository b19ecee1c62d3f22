"""A series whose points may still be in the journal: they are read when they are needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trainer_proc.contract.stand_ins import StoredIterations
from tui.session.metrics.growing_array import GrowingArray
from tui.session.metrics.journal_columns import read_each, read_values
from tui.session.metrics.series import Series
from tui.session.metrics.sorted_integers import SortedIntegers
from tui.session.metrics.stretch import Iterations, Stretch, joined_ranges

_Values: TypeAlias = NDArray[np.float32] | GrowingArray[np.float32]


class StoredSeries(Series):
    """Points that arrive while others are in the journal wait for them, so that all stay in order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[Iterations, _Values] | tuple[Stretch, int]] = []
        self._waiting_points = 0
        self._newest: float | None = None

    @property
    def is_stored(self) -> bool:
        """Whether points are still in the journal."""
        return bool(self._waiting)

    def store(self, stretch: Stretch, place: int) -> None:
        """Add the points of the metric at this place of a complete stretch, without reading them."""
        self._waiting.append((stretch, place))
        self._waiting_points += stretch.count
        if (newest := stretch.newest(place)) is not None:
            self._newest = newest

    @property
    def count(self) -> int:
        return super().count + self._waiting_points

    @property
    def last(self) -> float | None:
        """The value added last; one that is still in the journal does not count."""
        return self._newest if self._waiting and self._newest is not None else super().last

    @property
    def first_iteration(self) -> int | None:
        return min((one[0] if isinstance(one, range) else int(one.min()) for one in self._iterations()), default=None)

    @property
    def last_iteration(self) -> int | None:
        return max((one[-1] if isinstance(one, range) else int(one.max()) for one in self._iterations()), default=None)

    def append(self, x: int, y: float) -> None:
        self._newest = float(y)
        if self._waiting:
            self._wait(range(x, x + 1), np.array([y], dtype=np.float32))
        else:
            super().append(x, y)

    def extend(self, xs: ArrayLike | range, ys: ArrayLike, times: ArrayLike | None = None) -> None:
        if not self._waiting:
            super().extend(xs, ys, times)
            return
        iterations = xs if isinstance(xs, range) else np.asarray(xs, dtype=np.int64)
        if len(iterations):
            self._wait(iterations, np.array(ys, dtype=np.float32))
            self._newest = float(np.asarray(ys)[-1])

    def _wait(self, iterations: Iterations, values: NDArray[np.float32]) -> None:
        """Keep points until those before them are read; single ones of a live run join, and take 4 bytes each."""
        self._waiting_points += len(iterations)
        before, own = self._waiting[-1]
        joined = [] if isinstance(before, Stretch) else joined_ranges([before, iterations])
        if len(joined) != 1 or isinstance(own, int):
            self._waiting.append((iterations, values))
            return
        if not isinstance(own, GrowingArray):
            first, own = own, GrowingArray(np.float32)
            own.extend(first)
        own.extend(values)
        self._waiting[-1] = joined[0], own

    def _parts(self) -> Iterator[tuple[Iterations, _Values | tuple[StoredIterations, int]]]:
        """Yield what waits, in order of arrival."""
        for what, own in self._waiting:
            if isinstance(what, Stretch) and isinstance(own, int):
                yield from what.of(own)
            elif not isinstance(what, Stretch) and not isinstance(own, int):
                yield what, own

    def _iterations(self) -> list[Iterations]:
        """Return iterations in order of arrival, those that are here first."""
        here = [] if not super().count else [range(self._xs.first, self._xs.last + 1)]
        return [*here, *(iterations for iterations, _ in self._parts())]

    def _ready(self) -> None:
        load_together([self])

    def places(self) -> Iterator[tuple[StoredIterations, int, int]]:
        """Yield what waits in the journal: the table, the place in its metric set, and the first of its rows."""
        row = super().count
        for iterations, values in self._parts():
            if isinstance(values, tuple):
                yield *values, row
            row += len(iterations)

    def take(self, values: NDArray[np.float32]) -> None:
        """Take all waiting points; `values`, shape (count,), has those of the journal at the rows of `places`."""
        start = row = super().count
        for iterations, own in self._parts():
            if not isinstance(own, tuple):
                values[row : row + len(iterations)] = own.values if isinstance(own, GrowingArray) else own
            row += len(iterations)
        parts = [iterations for iterations, _ in self._parts()]
        self._waiting, self._waiting_points = [], 0
        if start:
            parts.insert(0, self._xs.part_from(0))
        joined = joined_ranges(parts)
        if len(joined) == 1:  # usual, and a copy of many points is saved
            values[:start] = self._ys.values
            self._xs = SortedIntegers()
            self._xs.extend(joined[0])
            self._ys.adopt(values)
            self._last = float(values[-1])
            return
        for part in parts[bool(start) :]:
            super().extend(part, values[start : start + len(part)])
            start += len(part)


def load_together(series: Iterable[Series]) -> None:
    """Read what these series still have in their journals, each part of a journal once for all of them."""
    stored = [one for one in series if isinstance(one, StoredSeries) and one.is_stored]
    if not stored:
        return
    values = [np.empty(one.count, dtype=np.float32) for one in stored]
    wanted: defaultdict[StoredIterations, list[tuple[int, int, int]]] = defaultdict(list)
    for number, one in enumerate(stored):
        for table, place, row in one.places():
            wanted[table].append((number, place, row))

    def read(table: StoredIterations) -> None:
        of_table = read_values(table, [place for _, place, _ in wanted[table]])
        for (number, _, row), column in zip(wanted[table], of_table, strict=True):
            values[number][row : row + len(column)] = column

    read_each(read, list(wanted))
    for one, own in zip(stored, values, strict=True):
        one.take(own)
