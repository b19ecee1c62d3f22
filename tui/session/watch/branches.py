"""Points of one metric as two curves: what the newest training logged, and what it has replaced.

A training that goes on from a checkpoint logs some steps again: in a newer file, or in the same one. Its points replace
those from its first step on. Two files that are written at the same time are told apart by their age.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.series import Series
from tui.session.watch.scalars import Points

_LEAST_PROOF, _MORE_PROOF, _MOST_PROOF = 2, 2, 64
"""Points in a row below the highest step that prove a restart in one file; more for a metric logged out of order."""
_LEAST_OVERLAP = 2
"""Points of an older file behind the first one of a newer file that prove two writers."""
_BEFORE_ALL = -(2**61)


@dataclass(frozen=True)
class LastPoint:
    """The point that was logged last."""

    step: int
    value: float
    time: float


class Branches:
    """Folds points in the order in which they were logged; `newest` and `replaced` are series with times."""

    def __init__(self) -> None:
        self.newest = Series(has_times=True)
        self.replaced = Series(has_times=True)
        """Points whose steps were logged again later, at most one branch at each step."""
        self.last: LastPoint | None = None
        self.rival: tuple[int, int] | None = None
        """An older and a newer file that were written at the same time."""
        self._files: list[int] = []  # of the parts of `newest`, ever newer, and the steps and times where they begin
        self._starts: list[int] = []
        self._times: list[float] = []
        self._second = -1  # the file whose late points go to `replaced`; those of still older ones would mix with them
        self._highest = _BEFORE_ALL
        self._back: list[Points] = []  # points behind a step back, which is not known to be a restart yet
        self._proof = _LEAST_PROOF
        self._overlaps: dict[tuple[int, int], int] = {}

    def extend(self, points: Points) -> None:
        """Add points, at least one."""
        newer = np.flatnonzero(np.diff(points.files)) + 1
        if self._goes_on(points, newer):
            self._append(points)
            self._begin_parts(points, newer)
            self._highest = int(points.steps[-1])
            self._take_last(points)
            return
        for start, stop in zip([0, *newer.tolist()], [*newer.tolist(), len(points)], strict=True):
            self._take_file(points.between(start, stop))

    def purge(self, step: int) -> None:
        """Drop all points from this step on."""
        self.newest.forget_from(step)
        self.replaced.forget_from(step)
        self._drop_parts(step)
        self._back.clear()
        count = self.newest.count
        self._highest = _BEFORE_ALL if not count else self.newest.point(count - 1)[0]
        if self.last is not None and self.last.step >= step:
            self.last = None if not count else LastPoint(*self.newest.point(count - 1), float(self.newest.times[-1]))

    def clear(self) -> None:
        """Forget everything; the series stay the same objects."""
        self.purge(_BEFORE_ALL)
        self.rival, self._proof, self._second = None, _LEAST_PROOF, -1
        self._overlaps.clear()

    def _goes_on(self, points: Points, newer: NDArray[np.int64]) -> bool:
        """Return whether no step was logged before, and no file is older than one before it."""
        steps, files = points.steps, points.files
        if self._files and (files[0] < self._files[-1] or (files[0] > self._files[-1] and steps[0] == self._highest)):
            return False
        rises = np.diff(steps)
        return bool(
            steps[0] >= self._highest
            and not self._back
            and (rises >= 0).all()
            and (np.diff(files) >= 0).all()
            and (rises[newer - 1] > 0).all()
        )

    def _begin_parts(self, points: Points, newer: NDArray[np.int64]) -> None:
        begins = newer.tolist()
        if not self._files or points.files[0] != self._files[-1]:
            begins.insert(0, 0)
        self._files += points.files[begins].tolist()
        if begins:
            self._second = self._files[-2] if len(self._files) > 1 else -1
        self._starts += points.steps[begins].tolist()
        self._times += points.times[begins].tolist()

    def _take_file(self, points: Points) -> None:
        """Add points of one file."""
        file = int(points.files[0])
        if self._files and file < self._files[-1]:
            self._take_late(file, points)
            return
        if not self._files or file > self._files[-1]:
            start, time = int(points.steps[0]), float(points.times[0])
            self._back.clear()
            self._second = self._files[-1] if self._files else -1
            self._note_overlap(file, time)
            self._replace_from(start)
            self._begin_part(file, start, time)
            self._highest = _BEFORE_ALL
        self._take_steps(points)
        self._take_last(points)

    def _take_late(self, file: int, points: Points) -> None:
        """Add points of a file that is older than the newest one: they go in front only before that file begins."""
        place = bisect_right(self._files, file)
        is_before = points.steps < self._starts[place]
        overlap = int((points.times > self._times[place]).sum())
        self._count_overlap(file, self._files[place], overlap)
        if is_before.any():
            self._append(points.where(is_before))
        if not is_before.all() and file >= self._second:
            late = points.where(~is_before)
            self.replaced.extend(late.steps, late.values, late.times)

    def _take_steps(self, points: Points) -> None:
        """Add points of the newest file; steps that go back in it for good are a restart."""
        back = np.flatnonzero(np.diff(points.steps) < 0) + 1
        held: list[Points] = []  # to be appended at once: an insertion moves all points behind it
        for start, stop in zip([0, *back.tolist()], [*back.tolist(), len(points)], strict=True):
            piece = points.between(start, stop)
            if self._back and piece.steps[0] < self._back[-1].steps[-1]:
                self._back.clear()  # back once more: the proof begins again
            if piece.steps[0] >= self._highest and not self._back:
                self._highest = int(piece.steps[-1])
            else:
                low = int(np.searchsorted(piece.steps, self._highest, side="right"))
                if low:
                    self._back.append(piece.between(0, low))
                if sum(map(len, self._back)) >= self._proof:
                    self._append(*held)
                    held.clear()
                    self._restart()
                    self._highest = int(piece.steps[-1])
                elif low < len(piece):  # it was only out of order
                    self._proof = min(self._proof + _MORE_PROOF, _MOST_PROOF)
                    self._back.clear()
                    self._highest = int(piece.steps[-1])
            held.append(piece)
        self._append(*held)

    def _restart(self) -> None:
        """Replace what was logged before the steps went back; the last points behind that are not added yet."""
        file, first = self._files[-1], self._back[0]
        start = int(first.steps[0])
        self._replace_from(start, again=np.concatenate([first.steps[:0], *(one.steps for one in self._back[:-1])]))
        self._back.clear()
        if not self._files or self._files[-1] != file:
            self._begin_part(file, start, float(first.times[0]))

    def _replace_from(self, start: int, again: NDArray[np.int64] | None = None) -> None:
        """Move the points from this step on to `replaced`, except the last one at each of the steps `again`."""
        row = int(self.newest.rows_from(np.array([start]))[0])
        if row < self.newest.count:
            (steps, values), times = self.newest.points_from(row), self.newest.times_from(row).copy()
            steps, values = steps.copy(), values.copy()
            is_kept = np.zeros(len(steps), dtype=np.bool_)
            for step in [] if again is None else again[::-1].tolist():
                is_kept[np.flatnonzero((steps == step) & ~is_kept)[-1]] = True
            self.newest.forget_from(start)
            self.newest.extend(steps[is_kept], values[is_kept], times[is_kept])
            self._keep_replaced(steps[~is_kept], values[~is_kept], times[~is_kept])
        self._drop_parts(start)

    def _keep_replaced(self, steps: NDArray[np.int64], values: NDArray[np.float32], times: NDArray[np.float64]) -> None:
        """Add a branch to `replaced`, in place of an older one over the same steps."""
        if not len(steps):
            return
        row = int(self.replaced.rows_from(np.array([steps[-1] + 1]))[0])
        (later_steps, later_values), later_times = self.replaced.points_from(row), self.replaced.times_from(row)
        later = later_steps.copy(), later_values.copy(), later_times.copy()
        self.replaced.forget_from(int(steps[0]))
        self.replaced.extend(steps, values, times)
        self.replaced.extend(*later)

    def _begin_part(self, file: int, start: int, time: float) -> None:
        self._files.append(file)
        self._starts.append(start)
        self._times.append(time)

    def _drop_parts(self, start: int) -> None:
        while self._starts and self._starts[-1] >= start:
            del self._files[-1], self._starts[-1], self._times[-1]

    def _note_overlap(self, file: int, time: float) -> None:
        """Count the points of the newest file so far that were logged after a newer one began."""
        if self._files and self.newest.count:
            row = int(self.newest.rows_from(np.array([self._starts[-1]]))[0])
            self._count_overlap(self._files[-1], file, int((self.newest.times_from(row) > time).sum()))

    def _count_overlap(self, older: int, newer: int, points: int) -> None:
        if points:
            self._overlaps[older, newer] = self._overlaps.get((older, newer), 0) + points
            if self._overlaps[older, newer] >= _LEAST_OVERLAP:
                self.rival = (older, newer)

    def _append(self, *all_points: Points) -> None:
        if all_points:
            self.newest.extend(
                np.concatenate([points.steps for points in all_points]),
                np.concatenate([points.values for points in all_points]),
                np.concatenate([points.times for points in all_points]),
            )

    def _take_last(self, points: Points) -> None:
        self.last = LastPoint(int(points.steps[-1]), float(points.values[-1]), float(points.times[-1]))
