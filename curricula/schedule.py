"""Schedules: knob values by iteration or by a metric, in steps or in between."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar, Literal

import msgspec

from curricula.curriculum import Curriculum, Decision, Limit, Metrics, Mode
from curricula.ladder import AtLeastOne
from curricula.values import KnobValues, Value

BY_ITERATION = "iteration"
_PARTS = 20
"""Between two points, values follow a metric in as many parts, so that not every iteration is an intervention."""


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


class ScheduleCurriculum(Curriculum):
    """Owns the knobs of its points; its level is the number of the last point reached."""

    kind: ClassVar[str] = "schedule"

    def __init__(self, name: str, table: ScheduleTable) -> None:
        """Raise `ValueError` if points are out of order or have values without anything in between."""
        _check(table)
        limits = {"stay": Limit(table.stay, "iterations", minimum=1, whole=True)}
        super().__init__(name, 0, table.mode, limits)
        self._by, self._shape = table.by, table.shape
        self._at = [point.at for point in table.points]
        self._levels: list[KnobValues] = []
        for point in table.points:
            self._levels.append((self._levels[-1] if self._levels else {}) | point.set)
        self._share, self._waited = 0.0, table.stay
        self._has_begun_ramp = False

    @property
    def top(self) -> int:
        """The last point."""
        return len(self._at) - 1

    @property
    def knobs(self) -> frozenset[str]:
        """All knobs of all points."""
        return frozenset(self._levels[-1])

    def values(self, level: int) -> KnobValues:
        """Return a point's values, with those of the points before it."""
        return dict(self._levels[level])

    def level_text(self, level: int) -> str:
        """Return where the point is."""
        return f"{self._by} {self._at[level]:g}"

    def move(self, level: int) -> None:
        """Go on from a point."""
        if level != self.level:
            self._share, self._has_begun_ramp = 0.0, False
        super().move(level)

    def enter(self, mode: Mode) -> None:
        """Begin a mode at the last point: what is on its way from there is asked for again."""
        self._share, self._has_begun_ramp = 0.0, False
        super().enter(mode)

    def decide(self, iteration: int, metrics: Metrics) -> list[Decision]:
        """Go on to the next point when it is reached, or on the way to it."""
        if self.level == self.top:
            return []
        decision = self._by_iteration(iteration) if self._by == BY_ITERATION else self._by_metric(metrics)
        return [decision] if decision is not None else []

    def outlook(self, iteration: int, metrics: Metrics) -> str:
        """Tell the next point."""
        if self.level == self.top:
            return "at the last point"
        following = self.level + 1
        values = ", ".join(self._changed(following))
        return f"{values} by {self._by} {self._at[following]:g}" if values else f"at {self._by} {self._at[following]:g}"

    def _by_iteration(self, iteration: int) -> Decision | None:
        """Ask one iteration ahead: what is asked for after `iteration` is in force in the next."""
        reached = sum(at <= iteration + 1 for at in self._at) - 1
        if reached > self.level:
            return Decision(reached, self._new_values(reached), f"iteration {self._at[reached]:g}")
        left = round(self._at[self.level + 1]) - iteration
        if self._shape == "step" or self._has_begun_ramp or iteration < self._at[self.level] or left < 2:
            return None
        self._has_begun_ramp = True
        changed = self._changed(self.level + 1)
        note = f"towards iteration {self._at[self.level + 1]:g}"
        return Decision(None, changed, note, left, self._shape) if changed else None

    def _by_metric(self, metrics: Metrics) -> Decision | None:
        self._waited += 1
        value = metrics.get(self._by)
        if value is None or not math.isfinite(value) or self._waited < self.limits["stay"].value:
            return None
        reached = max(sum(at <= value for at in self._at) - 1, self.level)
        note = f"{self._by} is {value:.3g}"
        if reached > self.level:
            self._waited = 0
            return Decision(reached, self._values_between(reached, self._part(reached, value)), note)
        part = self._part(reached, value)
        if self._shape == "step" or part <= self._share:
            return None
        self._share, self._waited = part, 0
        between = self._values_between(self.level, part)
        return Decision(values={knob: between[knob] for knob in self._changed(self.level + 1)}, note=note)

    def _part(self, level: int, value: float) -> float:
        """Return how far `value` is from the point of `level` to the next, in whole parts, 0 to 1."""
        if self._shape == "step" or level == self.top:
            return 0.0
        share = (value - self._at[level]) / (self._at[level + 1] - self._at[level])
        return math.floor(min(max(share, 0.0), 1.0) * _PARTS + 1e-9) / _PARTS

    def _values_between(self, level: int, share: float) -> KnobValues:
        start = self.values(level)
        if level == self.top or not share:
            return start
        return {
            knob: _between(start[knob], end, share, self._shape == "geometric")
            for knob, end in self._levels[level + 1].items()
        }

    def _changed(self, level: int) -> KnobValues:
        """Return the values of a point that differ from those of the point before it."""
        before = self._levels[level - 1]
        return {knob: value for knob, value in self._levels[level].items() if before.get(knob) != value}

    def _new_values(self, level: int) -> KnobValues:
        """Return what differs from the present point; a ramp that arrives has set the next point's already."""
        arrives = self._shape != "step" and self._has_begun_ramp and level == self.level + 1
        if arrives:
            return {}
        return {knob: value for knob, value in self._levels[level].items() if self._levels[self.level][knob] != value}


def _check(table: ScheduleTable) -> None:
    if not table.points:
        raise ValueError("there must be at least one point")
    if any(later.at <= earlier.at for earlier, later in pairwise(table.points)):
        raise ValueError("points must be in rising order of `at`")
    first = table.points[0].set
    for point in table.points:
        for knob, value in point.set.items():
            if knob not in first:
                raise ValueError(f"the point at {point.at:g} sets {knob}, which the first doesn't: say where it begins")
            numbers = value if isinstance(value, tuple) else (value,)
            if table.shape != "step" and (isinstance(value, bool | str) or type(value) is not type(first[knob])):
                raise ValueError(f"{knob} has no values in between: use shape step")
            if table.shape == "geometric" and min(float(number) for number in numbers) <= 0:
                raise ValueError(f"{knob} must be above 0 to go in equal ratios: use shape linear")


def _between(start: Value, end: Value, share: float, geometric: bool) -> Value:
    if isinstance(start, tuple) and isinstance(end, tuple):
        low, high = (_number_between(a, b, share, geometric) for a, b in zip(start, end, strict=True))
        return low, high
    return _number_between(float(start), float(end), share, geometric)  # type: ignore[arg-type]


def _number_between(start: float, end: float, share: float, geometric: bool) -> float:
    value = start * (end / start) ** share if geometric else start * (1 - share) + end * share
    return round(min(max(value, min(start, end)), max(start, end)), 9)
