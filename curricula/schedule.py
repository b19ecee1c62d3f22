"""Schedules: knob values by iteration or by a metric, in steps or interpolated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar, Literal

import msgspec

from curricula.curriculum import Curriculum, Decision, Limit, Metrics, Mode, measured
from curricula.ladder import MOST_LEVELS, AtLeastOne
from curricula.needs import Need
from curricula.values import KnobValues, RampShape, Value, between, is_close, numbers_of

BY_ITERATION = "iteration"
PARTS = 20
"""Levels between two points of a metric, so that not every iteration changes knobs."""


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Knob values at an iteration or at a value of the metric."""

    at: float
    set: dict[str, Value]


class ScheduleTable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="schedule"
):
    """A schedule by iteration, or by a metric, whose values then never go back."""

    points: tuple[Point, ...]
    """In rising order of `at`."""
    by: str = BY_ITERATION
    """`iteration`, or the metric that `at` refers to."""
    shape: Literal["step", "linear", "geometric"] = "linear"
    """`step` sets values at a point; `linear` and `geometric` (equal ratios, positive values) interpolate."""
    stay: AtLeastOne = 10
    """Iterations between two changes, if by a metric."""
    mode: Mode = "auto"


def make_schedule(name: str, table: ScheduleTable) -> Schedule:
    """Return the schedule of a table. Raises `ValueError` if its points contradict each other."""
    return IterationSchedule(name, table) if table.by == BY_ITERATION else MetricSchedule(name, table)


class Schedule(Curriculum):
    """Owns the knobs of its points."""

    kind: ClassVar[str] = "schedule"
    origin: ClassVar[Literal["curriculum", "schedule"]] = "schedule"

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Begin at the first point. Raises `ValueError` if points are out of order or can't be interpolated."""
        _check(table)
        super().__init__(name, 0, table.mode, {"stay": Limit(table.stay, "iterations", minimum=1, whole=True)})
        self._by = table.by
        self._ramp_shape: RampShape | None = None if table.shape == "step" else table.shape
        self._at = [point.at for point in table.points]
        self._levels: list[KnobValues] = []
        for point in table.points:
            self._levels.append((self._levels[-1] if self._levels else {}) | point.set)

    @property
    def top(self) -> int:
        """The last level."""
        return len(self._at) - 1

    @property
    def knobs(self) -> frozenset[str]:
        """All knobs of all points."""
        return frozenset(self._levels[-1])

    def values(self, level: int) -> KnobValues:
        """Return a level's values, including those of earlier points."""
        return dict(self._levels[level])

    def level_text(self, level: int) -> str:
        return f"{self._by} {self._at[level]:g}"

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Describe the next level."""
        if self.level == self.top:
            return "at the last point"
        following = self.level + 1
        values = ", ".join(_shown(self._changed(self.level, following)))
        return f"{values} by {self._by} {self._at[following]:g}" if values else f"at {self._by} {self._at[following]:g}"

    def needs(self, iteration: int, metrics: Metrics) -> list[Need]:
        """Return the way to the next point."""
        if self.level == self.top:
            return []
        return self._needs(iteration, metrics, self._at[self.level], self._at[self.level + 1])

    @abstractmethod
    def _needs(self, iteration: int, metrics: Metrics, start: float, end: float) -> list[Need]:
        """Return the conditions of the step from the point at `start` to the one at `end`."""

    def _reached(self, at: float) -> int:
        return max(sum(point <= at for point in self._at) - 1, 0)

    def _changed(self, before: int, level: int) -> KnobValues:
        """Return the values of a level that differ from those of one before it."""
        return {knob: value for knob, value in self._levels[level].items() if self._levels[before][knob] != value}


class IterationSchedule(Schedule):
    """Its level is the number of the last point reached; ramps lead to the next."""

    repeats_itself = True

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Raise `ValueError` if a point is not at an iteration."""
        super().__init__(name, table)
        for at in self._at:
            if at < 0 or at % 1:
                raise ValueError(f"at: expected an iteration, a whole number of at least 0, got {at:g}")
        self._is_ramping = False
        self._rest = 0

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Tell whether `values` are those of the level or between it and the next."""
        if level == self.top or self._ramp_shape is None:
            return super().agrees(level, values)
        starts, ends = self._levels[level], self._levels[level + 1]
        return all(_is_within(values[knob], start, ends[knob]) for knob, start in starts.items())

    def begin(self, iteration: int) -> Decision:
        """Begin where the schedule is at `iteration`, as in a run that resumes a checkpoint."""
        if self.mode != "auto":
            return super().begin(iteration)
        level = self._reached(iteration)
        values = self.values(level)
        if self._ramp_shape is not None and level < self.top:
            share = (iteration - self._at[level]) / (self._at[level + 1] - self._at[level])
            ends = self._levels[level + 1]
            values = {knob: between(start, ends[knob], share, self._ramp_shape) for knob, start in values.items()}
        return Decision(level=level, values=values, note="begins")

    def move(self, level: int) -> None:
        """Continue from a point."""
        if level != self.level:
            self._is_ramping = False
        super().move(level)

    def enter(self, mode: Mode) -> None:
        """Enter a mode at the present values; an interrupted ramp is requested again."""
        self._is_ramping = False
        super().enter(mode)

    def refused(self, decision: Decision) -> None:
        """Request again after the minimum stay."""
        super().refused(decision)
        self._is_ramping = False
        self._rest = int(self.limits["stay"].value)

    def _needs(self, iteration: int, metrics: Metrics, start: float, end: float) -> list[Need]:
        return [Need(BY_ITERATION, iteration + 1, end, start)]

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return the next point's values when it is reached, or a ramp to it.

        What is requested after `iteration` is in force in the next.
        """
        if self._rest:
            self._rest -= 1
            return []
        if self.level == self.top:
            return []
        reached = self._reached(iteration + 1)
        if reached > self.level:  # sets the values after a ramp too: it may have been interrupted
            values = self._changed(self.level, reached)
            return [Decision(level=reached, values=values, note=f"iteration {self._at[reached]:g}")]
        left = int(self._at[self.level + 1]) - iteration
        if self._ramp_shape is None or self._is_ramping or iteration < self._at[self.level] or left < 2:
            return []
        self._is_ramping = True
        changed = self._changed(self.level, self.level + 1)
        note = f"towards iteration {self._at[self.level + 1]:g}"
        return (
            [Decision(values=changed, note=note, ramp_iterations=left, ramp_shape=self._ramp_shape)] if changed else []
        )


class MetricSchedule(Schedule):
    """Its level only rises. Each point is a level; unless in steps, `PARTS` interpolated levels lie between two."""

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Interpolate between points. Raises `ValueError` if there are too many."""
        super().__init__(name, table)
        shape = self._ramp_shape
        if shape is None:
            return
        if len(self._at) * PARTS > MOST_LEVELS:
            raise ValueError(f"points: expected at most {MOST_LEVELS // PARTS}, got {len(self._at)}")
        at, levels = self._at[:1], self._levels[:1]
        for (start, end), (values, targets) in zip(pairwise(self._at), pairwise(self._levels), strict=True):
            for part in range(1, PARTS + 1):
                share = part / PARTS
                at.append(end if part == PARTS else start * (1 - share) + end * share)
                levels.append({k: between(values[k], target, share, shape) for k, target in targets.items()})
        self._at, self._levels = at, levels

    def _needs(self, iteration: int, metrics: Metrics, start: float, end: float) -> list[Need]:
        value = measured(metrics, self._by)
        return [Need(self._by, value, end, start), Need("iterations", self.stayed, self.limits["stay"].value)]

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Return the values at the metric's present value."""
        value = measured(metrics, self._by)
        if value is None or self.stayed < self.limits["stay"].value:
            return []
        reached = self._reached(value)
        if reached <= self.level:
            return []
        return [Decision(level=reached, values=self.values(reached), note=f"{self._by} is {value:.3g}")]


def _check(table: ScheduleTable) -> None:
    if not table.points or not table.points[0].set:
        raise ValueError("points: expected at least one, of which the first sets a knob")
    if any(later.at <= earlier.at for earlier, later in pairwise(table.points)):
        raise ValueError("points: expected rising values of `at`")
    first = table.points[0].set
    for point in table.points:
        for knob, value in point.set.items():
            if knob not in first:
                raise ValueError(f"the point at {point.at:g} sets {knob}: set it in the first point too")
            if table.shape != "step" and (isinstance(value, bool | str) or type(value) is not type(first[knob])):
                raise ValueError(f"{knob} can't be interpolated: use shape step")
            if table.shape == "geometric" and min(numbers_of(value)) <= 0:
                raise ValueError(f"{knob}: expected values above 0 for shape geometric: use shape linear")


def _is_within(value: Value, start: Value, end: Value) -> bool:
    """Tell whether `value` is between two others, both numbers or both ranges."""
    sides = zip(numbers_of(value), numbers_of(start), numbers_of(end), strict=True)
    return all(min(a, b) <= x <= max(a, b) or is_close(x, a) or is_close(x, b) for x, a, b in sides)


def _shown(values: KnobValues) -> list[str]:
    return [f"{knob} {_text(value)}" for knob, value in values.items()]


def _text(value: Value) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return ":".join(f"{number:g}" for number in numbers_of(value))
