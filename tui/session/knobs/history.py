"""Values of each knob over the iterations of a run."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from trainer_proc.contract.knob import Knob, Value, is_numeric, numbers_of
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    RampAdvanced,
)
from tui.session.sparkline import sparkline


class KnobHistory:
    """A fold over frames, like `MetricHistory`: values of knobs with the first iteration of each."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}
        self._first: int | None = None
        self._last = 0

    def apply(self, frames: Iterable[Frame]) -> None:
        """Take frames in."""
        for frame in frames:
            body = frame.body
            if isinstance(body, IterationFinished):
                self._first = body.iteration if self._first is None else self._first
                self._last = body.iteration
            elif isinstance(body, InterventionApplied | RampAdvanced):
                self._take(body.changes, body.iteration)
            elif isinstance(body, KnobsAvailable):
                self._tracks = {knob.name: _Track(knob) for knob in body.knobs}

    def values(self, name: str) -> list[tuple[int | None, tuple[float, float]]]:
        """Return the values of a knob, each with its first iteration; None for the initial value.

        A range is (low, high); a number is given twice. A choice is its index; off and on are 0 and 1.
        """
        track = self._tracks.get(name)
        if track is None:
            return []
        return list(zip([None, *track.iterations], zip(track.lows, track.highs, strict=True), strict=True))

    def line(self, name: str, width: int) -> str:
        """Return a sparkline of the run so far, `width` cells wide; empty for a knob that never changed.

        A cell shows the value furthest from the one at its start, so that short changes stay visible. `drawn_as` tells
        what is drawn of a range.
        """
        track = self._tracks.get(name)
        if track is None or not track.iterations or width < 1:
            return ""
        first = self._last if self._first is None else self._first
        last = max(self._last, track.iterations[-1])
        edges = [first + (last + 1 - first) * part // width for part in range(width + 1)]
        return sparkline(track.extremes(edges))

    def drawn_as(self, name: str) -> str:
        """Return what the sparkline shows: `value`, or of a range its `width`, or its `centre` if only that changed."""
        track = self._tracks.get(name)
        return "value" if track is None else track.drawn_as

    def _take(self, changes: Iterable[Change], iteration: int) -> None:
        for change in changes:
            if (track := self._tracks.get(change.knob)) is not None:
                track.add(iteration, change.new)


class _Track:
    """Values of one knob, 24 bytes a change."""

    def __init__(self, knob: Knob) -> None:
        self.knob = knob
        self.iterations = array("q")
        low, high = self._numbers(knob.value)
        self.lows, self.highs = array("d", [low]), array("d", [high])
        self._width_changed = False

    @property
    def drawn_as(self) -> str:
        if self.knob.type != "range":
            return "value"
        return "width" if self._width_changed else "centre"

    def add(self, iteration: int, value: Value) -> None:
        low, high = self._numbers(value)
        if (low, high) == (self.lows[-1], self.highs[-1]):
            return
        width = self.highs[-1] - self.lows[-1]
        self._width_changed |= not math.isclose(high - low, width, rel_tol=1e-6)
        self.iterations.append(iteration)
        self.lows.append(low)
        self.highs.append(high)

    def extremes(self, edges: list[int]) -> list[float]:
        """Return for each part, from an edge to below the next, the number furthest from its first one."""
        numbers = self._drawn()
        places = [bisect_left(self.iterations, edge) for edge in edges]  # changes before the edge
        return [_furthest(numbers[start], numbers[start + 1 : stop + 1]) for start, stop in pairwise(places)]

    def _drawn(self) -> Sequence[float]:
        if self.knob.type != "range":
            return self.lows
        ends = zip(self.lows, self.highs, strict=True)
        return [high - low if self._width_changed else (low + high) / 2 for low, high in ends]

    def _numbers(self, value: Value) -> tuple[float, float]:
        if is_numeric(self.knob) and not isinstance(value, str):
            numbers = numbers_of(value)
            return numbers[0], numbers[-1]
        place = self.knob.choices.index(value) if value in self.knob.choices else int(value is True)
        return float(place), float(place)


def _furthest(start: float, later: Sequence[float]) -> float:
    if not later:
        return start
    low, high = min(later), max(later)
    return high if high - start >= start - low else low
