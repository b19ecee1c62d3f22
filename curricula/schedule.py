"""Schedules: knob values by iteration or by a metric, in steps or in between."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar, Literal

import msgspec

from curricula.curriculum import Curriculum, Decision, Limit, Metrics, Mode, measured
from curricula.ladder import MOST_LEVELS, AtLeastOne
from curricula.values import KnobValues, RampShape, Value, between, is_close

BY_ITERATION = "iteration"
PARTS = 20
"""Between two points, values follow a metric in as many levels, so that not every iteration is an intervention."""


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Knob values at an iteration or at a value of the metric."""

    at: float
    set: dict[str, Value]


class ScheduleTable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="schedule"
):
    """`points` in rising order of `at`, which is an iteration, or a value of the metric `by`.

    `step` sets a point's values when it is reached; `linear` and `geometric` (equal ratios, positive values) go from
    one point to the next. By a metric, values never go back, and are set at most every `stay` iterations.
    """

    points: tuple[Point, ...]
    by: str = BY_ITERATION
    shape: Literal["step", "linear", "geometric"] = "linear"
    stay: AtLeastOne = 10
    mode: Mode = "auto"


def make_schedule(name: str, table: ScheduleTable) -> Schedule:
    """Return the schedule of a table. Raises `ValueError` if its points don't go together."""
    return IterationSchedule(name, table) if table.by == BY_ITERATION else MetricSchedule(name, table)


class Schedule(Curriculum):
    """Owns the knobs of its points."""

    kind: ClassVar[str] = "schedule"
    origin: ClassVar[Literal["curriculum", "schedule"]] = "schedule"

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Begin at the first point. Raises `ValueError` if points are out of order or have nothing in between."""
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
        """Return a level's values, with those of the points before it."""
        return dict(self._levels[level])

    def level_text(self, level: int) -> str:
        """Return where the level begins."""
        return f"{self._by} {self._at[level]:g}"

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Tell the next level."""
        if self.level == self.top:
            return "at the last point"
        following = self.level + 1
        values = ", ".join(_shown(self._changed(self.level, following)))
        return f"{values} by {self._by} {self._at[following]:g}" if values else f"at {self._by} {self._at[following]:g}"

    def _reached(self, at: float) -> int:
        return max(sum(point <= at for point in self._at) - 1, 0)

    def _changed(self, before: int, level: int) -> KnobValues:
        """Return the values of a level that differ from those of one before it."""
        return {knob: value for knob, value in self._levels[level].items() if self._levels[before][knob] != value}


class IterationSchedule(Schedule):
    """Its level is the number of the last point reached; ramps lead from there to the next."""

    repeats_itself = True

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Raise `ValueError` if a point isn't at an iteration."""
        super().__init__(name, table)
        for at in self._at:
            if at < 0 or at % 1:
                raise ValueError(f"there is no iteration {at:g}: a point is at a whole number, 0 or more")
        self._is_on_its_way = False
        self._rest = 0

    def agrees(self, level: int, values: Mapping[str, Value]) -> bool:
        """Tell whether `values` are those of the level or on their way to the next."""
        if level == self.top or self._ramp_shape is None:
            return super().agrees(level, values)
        starts, ends = self._levels[level], self._levels[level + 1]
        return all(_is_within(values[knob], start, ends[knob]) for knob, start in starts.items())

    def begin(self, iteration: int) -> Decision:
        """Begin where the schedule is at `iteration`, of a run that goes on from a checkpoint for one."""
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
        """Go on from a point."""
        if level != self.level:
            self._is_on_its_way = False
        super().move(level)

    def enter(self, mode: Mode) -> None:
        """Begin a mode where the values are: what is on its way from there is asked for again."""
        self._is_on_its_way = False
        super().enter(mode)

    def refused(self, decision: Decision) -> None:
        """Ask again after the minimum stay."""
        super().refused(decision)
        self._is_on_its_way = False
        self._rest = int(self.limits["stay"].value)

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Go on to the next point when it is reached, or on the way to it.

        What is asked for after `iteration` is in force in the next.
        """
        if self._rest:
            self._rest -= 1
            return []
        if self.level == self.top:
            return []
        reached = self._reached(iteration + 1)
        if reached > self.level:  # a ramp's end sets the values too: it may not have come this far
            values = self._changed(self.level, reached)
            return [Decision(level=reached, values=values, note=f"iteration {self._at[reached]:g}")]
        left = int(self._at[self.level + 1]) - iteration
        if self._ramp_shape is None or self._is_on_its_way or iteration < self._at[self.level] or left < 2:
            return []
        self._is_on_its_way = True
        changed = self._changed(self.level, self.level + 1)
        note = f"towards iteration {self._at[self.level + 1]:g}"
        return (
            [Decision(values=changed, note=note, ramp_iterations=left, ramp_shape=self._ramp_shape)] if changed else []
        )


class MetricSchedule(Schedule):
    """Its level only rises: each point is one and, but in steps, so are the values in between, in `PARTS` parts."""

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Divide the ways between points. Raises `ValueError` if there are too many."""
        super().__init__(name, table)
        shape = self._ramp_shape
        if shape is None:
            return
        if len(self._at) * PARTS > MOST_LEVELS:
            raise ValueError(f"there may be {MOST_LEVELS // PARTS} points at most")
        at, levels = self._at[:1], self._levels[:1]
        for (start, end), (values, targets) in zip(pairwise(self._at), pairwise(self._levels), strict=True):
            for part in range(1, PARTS + 1):
                share = part / PARTS
                at.append(end if part == PARTS else start * (1 - share) + end * share)
                levels.append({k: between(values[k], target, share, shape) for k, target in targets.items()})
        self._at, self._levels = at, levels

    def decide(self, iteration: int, metrics: Metrics, in_force: Mapping[str, Value]) -> list[Decision]:
        """Go as far as the metric is."""
        value = measured(metrics, self._by)
        if value is None or self.stayed < self.limits["stay"].value:
            return []
        reached = self._reached(value)
        if reached <= self.level:
            return []
        return [Decision(level=reached, values=self.values(reached), note=f"{self._by} is {value:.3g}")]


def _check(table: ScheduleTable) -> None:
    if not table.points or not table.points[0].set:
        raise ValueError("there must be at least one point, and the first must set a knob")
    if any(later.at <= earlier.at for earlier, later in pairwise(table.points)):
        raise ValueError("points must be in rising order of `at`")
    first = table.points[0].set
    for point in table.points:
        for knob, value in point.set.items():
            if knob not in first:
                raise ValueError(f"the point at {point.at:g} sets {knob}, which the first doesn't: say where it begins")
            if table.shape != "step" and (isinstance(value, bool | str) or type(value) is not type(first[knob])):
                raise ValueError(f"{knob} has no values in between: use shape step")
            if table.shape == "geometric" and min(_numbers(value)) <= 0:
                raise ValueError(f"{knob} must be above 0 to go in equal ratios: use shape linear")


def _is_within(value: Value, start: Value, end: Value) -> bool:
    """Tell whether `value` is between two others, both numbers or both ranges."""
    sides = zip(_numbers(value), _numbers(start), _numbers(end), strict=True)
    return all(min(a, b) <= x <= max(a, b) or is_close(x, a) or is_close(x, b) for x, a, b in sides)


def _numbers(value: Value) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (float(value),)


def _shown(values: KnobValues) -> list[str]:
    return [f"{knob} {_text(value)}" for knob, value in values.items()]


def _text(value: Value) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return ":".join(f"{number:g}" for number in _numbers(value))
