"""What charts are drawn from: a run's history, its marks, and single curves of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.plans import ChartPlan
from tui.session.interventions.marks import Mark
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.series import Series
from tui.session.metrics.timeline import Timeline, XUnit


@dataclass(frozen=True)
class Curve:
    """One series of a chart: its name in the legend, its values, and when its iterations were.

    Without a `timeline`, the chart can be drawn over iterations only; over anything else it is empty.
    """

    name: str
    series: Series
    timeline: Timeline | None = None


@dataclass(frozen=True)
class ChartSource:
    """One run on a board of charts: a dashboard has one, a comparison several. `marks` may grow."""

    name: str
    history: MetricHistory
    marks: Sequence[Mark] = ()

    def curve(self, metric: str, name: str) -> Curve:
        """Return a metric of this run as a curve that is called `name`; it is empty until the run tells the metric."""
        return Curve(name, self.history.series[metric], self.history.timeline)


def extent_of(sources: Iterable[ChartSource], unit: XUnit) -> tuple[float, float] | None:
    """Return the first and the last place of all runs together; None before their first iteration."""
    ends = [extent for source in sources if (extent := source.history.timeline.extent(unit)) is not None]
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def curves_of(plan: ChartPlan, sources: Sequence[ChartSource], named: bool = True) -> list[Curve]:
    """Return a plan's curves; of several runs, each metric is drawn for one run after the other, under its name.

    Without `named`, runs are told by the signs of their curves alone.
    """
    if len(sources) == 1:
        return [sources[0].curve(metric, name) for name, metric in plan.curves]
    names = [source.name if named else "" for source in sources]
    if len(plan.curves) == 1:
        return [source.curve(plan.key, name) for source, name in zip(sources, names, strict=True)]
    return [
        source.curve(metric, f"{run} {name}".strip())
        for name, metric in plan.curves
        for source, run in zip(sources, names, strict=True)
    ]
