"""Timeline of a run: environment steps and seconds at each iteration."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trainer_proc.contract.stand_ins import StoredIterations
from tui.session.metrics.growing_array import GrowingArray
from tui.session.metrics.journal_columns import iterations_of, read_each, read_moments
from tui.session.metrics.series import whole_edges

XUnit: TypeAlias = Literal["iteration", "steps", "time"]
"""Unit of an x axis: iterations, steps of all environments, or seconds since the run's first frame."""
X_UNITS: tuple[XUnit, ...] = get_args(XUnit)

_EVERYWHERE = 2**61  # before and after every iteration


class Timeline:
    """Environment steps and seconds of a run's iterations; a repeated iteration replaces the earlier one.

    Positions never decrease: after a step count or a clock was set back, they stay constant until it has caught up.
    Places between two iterations are interpolated; those outside are clipped to the first or last iteration.
    """

    def __init__(self) -> None:
        self._iterations: GrowingArray[np.int64] = GrowingArray(np.int64)
        self._positions: dict[XUnit, GrowingArray[np.float64]] = {
            "steps": GrowingArray(np.float64),
            "time": GrowingArray(np.float64),
        }

        self._rewrites = 0
        self._stored: list[tuple[StoredIterations, float]] = []

    def __len__(self) -> int:
        return len(self._iterations)

    @property
    def rewrites(self) -> int:
        """Number of times that iterations were replaced or dropped; while it is unchanged, places are too."""
        return self._rewrites

    @property
    def units(self) -> tuple[XUnit, ...]:
        """The units with known positions; always "iteration"."""
        moving = [unit for unit, values in self._positions.items() if len(self) and values.values[-1] > 0]
        return ("iteration", *moving)

    def extend(self, iterations: ArrayLike, steps: ArrayLike, seconds: ArrayLike) -> None:
        """Add iterations with their environment steps (0 if unknown) and seconds since the start, all of shape (k,)."""
        whole = np.asarray(iterations, dtype=np.int64)
        given: dict[XUnit, NDArray[np.float64]] = {
            "steps": np.asarray(steps, dtype=np.float64),
            "time": np.asarray(seconds, dtype=np.float64),
        }
        if not len(whole):
            return
        previous = self._iterations.values[-1] if len(self) else whole[0] - 1
        if not (np.diff(whole, prepend=previous) > 0).all():
            whole, given = self._with_earlier(whole, given)
        self._iterations.extend(whole)
        for unit, values in given.items():
            kept = self._positions[unit]
            floor = kept.values[-1] if len(kept) else -np.inf
            kept.extend(np.maximum.accumulate(np.maximum(values, floor)))

    def store(self, stored: StoredIterations, start: float) -> None:
        """Add iterations of a run that began at Unix time `start` (s), without reading their steps and times yet."""
        self._stored.append((stored, start))

    def _ready(self) -> None:
        """Read what is still in the journal; what came beside it is newer."""
        if not self._stored:
            return
        own = self._iterations.values.copy()
        of_own = {unit: positions.values.copy() for unit, positions in self._positions.items()}
        stored, self._stored = self._stored, []
        moments = read_each(read_moments, [one for one, _ in stored])
        times = [of_one - start for (_, start), (_, of_one) in zip(stored, moments, strict=True)]
        iterations = np.concatenate([iterations_of(one) for one, _ in stored])
        self.extend(iterations, np.concatenate([steps for steps, _ in moments]), np.concatenate(times))
        self.extend(own, of_own["steps"], of_own["time"])

    def forget_from(self, iteration: int) -> None:
        """Drop this and all later iterations."""
        self._ready()
        kept = int(np.searchsorted(self._iterations.values, iteration))
        self._rewrites += kept < len(self)
        self._iterations.cut(kept)
        for positions in self._positions.values():
            positions.cut(kept)

    def last_iterations(self, count: int) -> NDArray[np.int64]:
        """Return the newest iterations in order, at most `count` (at least 1)."""
        self._ready()
        return self._iterations.values[-count:].copy()

    def extent(self, unit: XUnit) -> tuple[float, float] | None:
        """Return the places of the first and last iteration; None before the first."""
        if not len(self):
            return None
        values = self._iterations.values if unit == "iteration" else self._positions[unit].values
        return float(values[0]), float(values[-1])

    def place(self, iterations: ArrayLike, unit: XUnit) -> NDArray[np.float64]:
        """Return the places of iterations in `unit`, of the same shape; all 0 for an empty timeline."""
        whole = np.asarray(iterations, dtype=np.float64)
        if unit == "iteration":
            return whole
        self._ready()
        if not len(self):
            return np.zeros(whole.shape)
        return np.asarray(np.interp(whole, self._iterations.values, self._positions[unit].values))

    def iteration_at(self, position: float, unit: XUnit) -> float:
        """Return the iteration at a place, fractional between two, the earliest of several."""
        if unit == "iteration":
            return float(position)
        self._ready()
        if not len(self):
            return 0.0
        return float(self._earliest(np.array([position]), unit)[0])

    def first_iterations(self, edges: NDArray[np.float64], unit: XUnit) -> NDArray[np.int64]:
        """Return for each place, shape (n,), the first whole iteration not before it."""
        if unit == "iteration" or not len(self):
            return whole_edges(edges)
        self._ready()
        positions = self._positions[unit].values
        whole = whole_edges(self._earliest(edges, unit))
        whole[edges <= positions[0]] = -_EVERYWHERE
        whole[edges > positions[-1]] = _EVERYWHERE
        return whole

    def _earliest(self, places: NDArray[np.float64], unit: XUnit) -> NDArray[np.float64]:
        positions, iterations = self._positions[unit].values, self._iterations.values
        after = np.clip(np.searchsorted(positions, places), 1, max(1, len(positions) - 1))
        after = np.minimum(after, len(positions) - 1)
        before = np.maximum(after - 1, 0)
        gap = positions[after] - positions[before]
        share = np.clip((places - positions[before]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        between: NDArray[np.float64] = share * (iterations[after] - iterations[before])
        return between + iterations[before]

    def _with_earlier(
        self, iterations: NDArray[np.int64], given: dict[XUnit, NDArray[np.float64]]
    ) -> tuple[NDArray[np.int64], dict[XUnit, NDArray[np.float64]]]:
        """Clear the timeline and return its iterations merged in order with new ones, which take precedence."""
        together = np.concatenate((self._iterations.values, iterations))
        _, newest_from_behind = np.unique(together[::-1], return_index=True)
        newest = len(together) - 1 - newest_from_behind
        self._iterations.cut(0)
        self._rewrites += 1
        merged: dict[XUnit, NDArray[np.float64]] = {}
        for unit, values in given.items():
            merged[unit] = np.concatenate((self._positions[unit].values, values))[newest]
            self._positions[unit].cut(0)
        return together[newest], merged
