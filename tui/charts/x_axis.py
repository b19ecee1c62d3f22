"""The x axis in iterations, environment steps or time: pixel columns and ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tui.charts.axes import Tick, round_steps, tick_labels
from tui.charts.view import Range
from tui.session.metrics.series import column_edges
from tui.session.metrics.timeline import Timeline, XUnit

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_TIME_STEPS = tuple(
    [number * _SECONDS["s"] for number in (1, 2, 5, 10, 15, 30)]
    + [number * _SECONDS["min"] for number in (1, 2, 5, 10, 15, 30)]
    + [number * _SECONDS["h"] for number in (1, 2, 3, 6, 12)]
    + [number * _SECONDS["d"] * 10**power for power in range(6) for number in (1, 2, 5)]
)


class XFrame:
    """The pixel columns of a plot and the part of the x axis that each covers.

    `low` is in the middle of the first column, `high` (not below `low`) in the middle of the last; `edges`, shape
    (n + 1,), are the starts of the columns and the end of the last.
    """

    def __init__(self, unit: XUnit, low: float, high: float, columns: int) -> None:
        self.unit: XUnit = unit
        self.low = low
        self.high = high
        self.columns = columns
        self.edges = column_edges(low, high, columns)
        self.spacing = (high - low) / max(1, columns - 1) if high > low else 1.0

    def shows(self, unit: XUnit, range_: Range, columns: int) -> bool:
        """Return whether this frame has these parameters."""
        return (self.unit, self.low, self.high, self.columns) == (unit, *range_, columns)

    def holds(self, place: float) -> bool:
        """Return whether a place is inside the frame."""
        return self.low <= place <= self.high

    def column(self, place: float) -> int:
        """Return the pixel column of a place inside the frame."""
        return int(np.searchsorted(self.edges[1:-1], place, side="right"))

    def position(self, place: float) -> float:
        """Return the distance of a place from the middle of the first column, in columns; negative before it."""
        return (place - self.low) / self.spacing

    def place(self, position: float) -> float:
        """Return the place at a distance from the middle of the first column, in columns, clipped to the frame."""
        return min(max(self.low + position * self.spacing, self.low), self.high)


def place_of(iteration: float, unit: XUnit, timeline: Timeline | None) -> float | None:
    """Return the place of an iteration in `unit`; None if the timeline does not have it."""
    if unit == "iteration":
        return float(iteration)
    if timeline is None or not len(timeline):
        return None
    return float(timeline.place([iteration], unit)[0])


def place_ticks(unit: XUnit, low: float, high: float, cells: int) -> tuple[Tick, ...]:
    """Return ticks at round places from `low` to `high`, as many as fit with their labels in `cells` cells.

    At least one, at any place, if there is no round place inside.
    """
    for ticks in _time_ticks(low, high, cells) if unit == "time" else _count_ticks(low, high, cells):
        if not ticks:
            break
        if len(ticks) * (max(len(tick.label) for tick in ticks) + 2) <= max(cells, 1) or len(ticks) == 1:
            return ticks
    first = math.ceil(low)
    return (Tick(min(first, high), duration_text(first) if unit == "time" else str(first)),)


def _count_ticks(low: float, high: float, cells: int) -> Iterable[tuple[Tick, ...]]:
    for step in round_steps(max(1.0, (high - low) / max(1, cells))):
        distance = step.times(1)
        factors = list(range(math.ceil(low / distance), math.floor(high / distance) + 1))
        labels = tick_labels(factors, step) if factors else []
        yield tuple(Tick(factor * distance, label) for factor, label in zip(factors, labels, strict=True))


def _time_ticks(low: float, high: float, cells: int) -> Iterable[tuple[Tick, ...]]:
    for distance in _TIME_STEPS:
        if distance >= (high - low) / max(1, cells):
            factors = range(math.ceil(low / distance), math.floor(high / distance) + 1)
            yield tuple(Tick(factor * distance, duration_text(factor * distance)) for factor in factors)


def duration_text(seconds: int) -> str:
    """Format whole seconds without rounding: "0", "45s", "5min", "1h30min", "2d6h"."""
    text, rest = "-" if seconds < 0 else "", abs(seconds)
    for name, size in reversed(_SECONDS.items()):
        number, rest = divmod(rest, size)
        text += f"{number}{name}" if number else ""
    return text or "0"
