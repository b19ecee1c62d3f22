"""Metrics of a watched run as a source of charts: each has steps and times of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tui.session.board.chart_source import ChartSource, Curve
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.names import metric_of, role_of
from tui.session.metrics.own_times import SeriesOverTime
from tui.session.metrics.series import Series
from tui.session.metrics.shares import SHARE, RewardShares
from tui.session.metrics.timeline import XUnit
from tui.session.metrics.traits import is_rare, is_stepped, limits_of
from tui.session.watch.branches import Branches
from tui.session.watch.counters import convert_place
from tui.session.watch.scalars import Chunk
from tui.session.watch.step_units import step_unit


class WatchedMetrics:
    """All metrics of a run; `history` has their newest values."""

    def __init__(self) -> None:
        self.history = MetricHistory()
        self.history.shares = RewardShares(self.history.series, has_times=True)
        self.branches: dict[str, Branches] = {}
        self.newest_time: float | None = None
        """Time of the last point, in seconds since 1970."""
        self._start: float | None = None
        self._over_time: dict[int, SeriesOverTime] = {}

    def take(self, chunk: Chunk) -> None:
        """Add points, and drop those that they declare void."""
        if chunk.purge_from is not None:
            for metric in self.branches.values():
                metric.purge(chunk.purge_from)
        for name, points in chunk.batch.items():
            if len(points):
                self._metric(name).extend(points)
        self._take_times(chunk)

    def forget(self) -> None:
        """Forget all points; the curves of charts stay the same objects."""
        for metric in self.branches.values():
            metric.clear()
        self.newest_time = self._start = None

    @property
    def names(self) -> list[str]:
        """All metrics with points, in order of appearance."""
        return [name for name, branches in self.branches.items() if branches.newest.count]

    def curve(self, metric: str, name: str) -> Curve:
        """Return a metric, or a share of the reward, as a curve called `name`; empty until it is logged."""
        if metric.startswith(SHARE):
            share = self.history.shares.series(metric)
            return Curve(name, share, over_time=self._by_time(share))
        branches = self._metric(metric)
        replaced, newest = (
            Curve(
                name,
                series,
                over_time=self._by_time(series),
                is_stepped=is_stepped(metric),
                is_rare=is_rare(metric),
                limits=limits_of(metric),
            )
            for series in (branches.replaced, branches.newest)
        )
        return replace(newest, replaced=replaced)

    def extent(self, unit: XUnit) -> tuple[float, float] | None:
        """Return the range of all points on the x axis; None before the first."""
        if unit == "time":
            ends = (self._start, self.newest_time)
            return None if ends[0] is None or ends[1] is None else (0.0, ends[1] - ends[0])
        all_series = [one for metric in self.branches.values() for one in (metric.newest, metric.replaced)]
        return _ends(all_series) if unit == "iteration" else None

    def convert(self, place: float, unit: XUnit, other: XUnit) -> float | None:
        """Return a place of the x axis in another unit; None if the metrics count different things."""
        return convert_place(place, unit, other, self.branches.values(), self._start or 0.0)

    def _metric(self, name: str) -> Branches:
        if name not in self.branches:
            self.branches[name] = Branches()
            self.history.series[name] = self.branches[name].newest
        return self.branches[name]

    def _by_time(self, series: Series) -> SeriesOverTime:
        if id(series) not in self._over_time:
            self._over_time[id(series)] = SeriesOverTime(series, start=lambda: self._start or 0.0)
        return self._over_time[id(series)]

    def _take_times(self, chunk: Chunk) -> None:
        for points in chunk.batch.values():
            if len(points):
                first, last = float(points.times.min()), float(points.times.max())
                self._start = first if self._start is None else min(self._start, first)
                self.newest_time = last if self.newest_time is None else max(self.newest_time, last)


def _ends(all_series: Iterable[Series]) -> tuple[float, float] | None:
    places = [
        (series.first_iteration, series.last_iteration)
        for series in all_series
        if series.first_iteration is not None and series.last_iteration is not None
    ]
    if not places:
        return None
    return float(min(first for first, _ in places)), float(max(last for _, last in places))


@dataclass(frozen=True)
class WatchedSource(ChartSource):
    """A source of charts whose metrics may have other libraries' names."""

    history: MetricHistory = field(init=False)
    metrics: WatchedMetrics = field(default_factory=WatchedMetrics)

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", self.metrics.history)

    @property
    def steps(self) -> str:
        """What its steps count; empty if that is unknown."""
        return step_unit(self.metrics.names)

    @property
    def has_steps(self) -> bool:
        """Whether its points are at different places of an x axis in steps; not if none was logged with a step."""
        all_series = [branches.newest for branches in self.metrics.branches.values()]
        is_many = any(series.count > 1 for series in all_series)
        return not is_many or any(series.first_iteration != series.last_iteration for series in all_series)

    @property
    def units(self) -> tuple[XUnit, ...]:
        """The units of the x axis that are known: each point has a time."""
        return ("iteration",) if self.metrics.newest_time is None else ("iteration", "time")

    def curve(self, metric: str, name: str) -> Curve:
        """Return a metric as a curve; if the run lacks it, the one with the same name in other case, or its role."""
        return self.metrics.curve(metric if metric.startswith(SHARE) else self._same(metric), name)

    def extent(self, unit: XUnit) -> tuple[float, float] | None:
        """Return the range of all points on the x axis; None before the first."""
        return self.metrics.extent(unit)

    def convert(self, place: float, unit: XUnit, other: XUnit) -> float | None:
        """Return a place of the x axis in another unit; None if the metrics count different things."""
        return self.metrics.convert(place, unit, other)

    def _same(self, metric: str) -> str:
        logged = self.metrics.names
        if metric in logged:
            return metric
        same = next((name for name in logged if name.casefold() == metric.casefold()), None)
        if same is not None or (role := role_of(metric)) is None:
            return same or metric
        return metric_of(role, logged) or metric
