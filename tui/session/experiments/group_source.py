"""The runs of one combination of values as one source of charts: their mean, with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.chart_source import ChartSource, Interval
from tui.session.experiments.mean_series import MeanSeries
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.series import Series
from tui.session.metrics.shares import RewardShares
from tui.session.metrics.timeline import XUnit

Combine = Callable[[Sequence[Series]], Series]
"""Makes one series of those of several runs."""


class _Combined(defaultdict[str, Series]):
    """Combines a metric when it is first asked for, which may be before a run has published it."""

    def __init__(self, members: Sequence[MetricHistory], combine: Combine) -> None:
        super().__init__()
        self._members = members
        self._combine = combine

    def __missing__(self, name: str) -> Series:
        self[name] = combined = self._combine([member.series[name] for member in self._members])
        return combined


class GroupHistory(MetricHistory):
    """All metrics that any of `members` has, combined, by default into means; `update` looks for new ones."""

    def __init__(self, members: Sequence[MetricHistory], combine: Combine = MeanSeries) -> None:
        super().__init__()
        self._members = tuple(members)
        self.series = _Combined(self._members, combine)
        self.shares = RewardShares(self.series)
        self.update()

    def update(self) -> None:
        """Add the metrics that have come since."""
        for name in [name for member in self._members for name, points in member.series.items() if points.count]:
            _ = self.series[name]

    def load(self, metrics: Iterable[str]) -> None:
        names = list(metrics)
        for member in self._members:
            member.load(names)

    def extent(self) -> tuple[float, float] | None:
        """Return the range of all members' iterations; None before the first."""
        ends = [ends for member in self._members if (ends := member.timeline.extent("iteration")) is not None]
        return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


@dataclass(frozen=True)
class GroupSource(ChartSource):
    """Several runs, by iteration: their steps and times may differ."""

    @property
    def units(self) -> tuple[XUnit, ...]:
        return ("iteration",)

    def extent(self, unit: XUnit) -> tuple[float, float] | None:
        return self.history.extent() if isinstance(self.history, GroupHistory) else super().extent(unit)

    def convert(self, place: float, unit: XUnit, other: XUnit) -> float | None:
        return place if unit == other else None

    def interval(self, metric: str) -> Interval | None:
        series = self.history.series.get(metric)
        return series.interval() if isinstance(series, MeanSeries) else None
