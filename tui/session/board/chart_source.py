"""Data of charts: a run's history and marks, and single curves of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.library_units import base_name, chosen_unit, unit_of
from tui.session.board.plans import ChartPlan
from tui.session.interventions.marks import Mark
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.own_times import MILLISECONDS, SeriesOverTime
from tui.session.metrics.series import Series
from tui.session.metrics.shares import SHARE
from tui.session.metrics.timeline import Timeline, XUnit
from tui.session.metrics.traits import NO_LIMITS, Limits, is_rare, is_stepped, limits_of


@dataclass(frozen=True)
class Curve:
    """One series of a chart: its name in the legend, its values, and the timeline of its iterations.

    Without a `timeline`, the curve is drawn over iterations only; over steps or time it is empty. Points with times of
    their own come `over_time` too. `replaced` is drawn behind: values that were logged again later. A curve that
    `is_stepped` keeps each value until the next point. `limits` hold all possible values.
    """

    name: str
    series: Series
    timeline: Timeline | None = None
    over_time: SeriesOverTime | None = None
    replaced: Curve | None = None
    is_stepped: bool = False
    is_rare: bool = False
    limits: Limits = NO_LIMITS

    @property
    def is_smoothable(self) -> bool:
        """Whether averages of neighbouring values mean anything."""
        return not (self.is_stepped or self.is_rare)

    def over(self, unit: XUnit) -> tuple[Series, Timeline | None]:
        """Return the series for an x axis in this unit, and the timeline that places its iterations."""
        if unit == "time" and self.over_time is not None:
            return self.over_time.update(), MILLISECONDS
        return self.series, self.timeline


@dataclass(frozen=True)
class Interval:
    """Ends of an interval around a curve at some iterations, in ascending order; NaN where there is none."""

    iterations: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    is_wide: bool = False
    """Whether it says so little that the chart's axis does not include it."""


@dataclass(frozen=True)
class ChartSource:
    """One run on a board: a dashboard has one, a comparison several. `marks` may grow."""

    name: str
    history: MetricHistory
    marks: Sequence[Mark] = ()
    backend: str = ""
    """Simulator of the run; empty if unknown."""

    @property
    def steps(self) -> str:
        """What the steps of its x axis count, in the plural; empty if that is unknown."""
        return "iterations"

    @property
    def has_steps(self) -> bool:
        """Whether its points are at different places of an x axis in iterations."""
        return True

    @property
    def units(self) -> tuple[XUnit, ...]:
        """The units of the x axis that are known; always "iteration"."""
        return self.history.timeline.units

    def curve(self, metric: str, name: str) -> Curve:
        """Return a metric of this run, or a share of the reward, as a curve; empty until the run publishes it."""
        timeline = self.history.timeline
        if metric.startswith(SHARE):
            return Curve(name, self.history.shares.series(metric), timeline)
        series = self.history.series[metric]
        return Curve(
            name,
            series,
            timeline,
            is_stepped=is_stepped(metric),
            is_rare=is_rare(metric),
            limits=limits_of(metric),
        )

    def interval(self, metric: str) -> Interval | None:
        """Return the interval around a metric's curve; None without one."""
        return None

    def extent(self, unit: XUnit) -> tuple[float, float] | None:
        """Return the range of the run on the x axis; None before its first iteration."""
        return self.history.timeline.extent(unit)

    def convert(self, place: float, unit: XUnit, other: XUnit) -> float | None:
        """Return a place of the x axis in another unit; None if they have nothing in common."""
        timeline = self.history.timeline
        return float(timeline.place(timeline.iteration_at(place, unit), other))

    def unit(self, metric: str) -> str:
        """Return the unit of a metric whose name has several, see `unit_of`; empty for all others."""
        return unit_of(base_name(metric), self.backend, self.history.series)


def extent_of(sources: Iterable[ChartSource], unit: XUnit) -> tuple[float, float] | None:
    """Return the range of all runs on the x axis; None before their first iteration."""
    ends = [extent for source in sources if (extent := source.extent(unit)) is not None]
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def steps_of(sources: Iterable[ChartSource]) -> tuple[str, ...]:
    """Return the different things that the steps of these runs count, as far as that is known."""
    return tuple(dict.fromkeys(source.steps for source in sources if source.steps))


def curves_of(plan: ChartPlan, sources: Sequence[ChartSource], named: bool = True) -> list[Curve]:
    """Return a plan's curves, for several runs one per run and metric, named after both.

    Without `named`, the runs are distinguished by the signs of their curves only.
    """
    if len(sources) == 1:
        return [sources[0].curve(metric, name) for name, metric in plan.curves]
    names = [source.name if named else "" for source in sources]
    if len(plan.curves) == 1:
        return _of_one_unit(plan.key, sources, names)
    return [
        curve
        for name, metric in plan.curves
        for curve in _of_one_unit(metric, sources, [f"{run} {name}".strip() for run in names])
    ]


def _of_one_unit(metric: str, sources: Sequence[ChartSource], names: Sequence[str]) -> list[Curve]:
    """Return a metric's curve of each run; empty for a run in which it has another unit than in the first."""
    units = [source.unit(metric) for source in sources]
    drawn = chosen_unit(metric) or next((unit for unit in units if unit), "")
    return [
        source.curve(base_name(metric), name) if unit in ("", drawn) else Curve(name, Series())
        for source, name, unit in zip(sources, names, units, strict=True)
    ]
