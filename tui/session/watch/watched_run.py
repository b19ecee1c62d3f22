"""State of a watched run: a fold over the portions of its event files."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from tui.session.board.chart_source import ChartSource, Curve
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.names import metric_of, role_of
from tui.session.watch.run_reader import Portion

_RECENT_STEPS = 50
_QUIET_AFTER_INTERVALS, _QUIET_AFTER_SECONDS = 5, 150.0
"""Writers buffer points for up to two minutes (`flush_secs` of PyTorch and TensorFlow)."""


@dataclass(frozen=True)
class NewestValue:
    """Value of a metric at its newest step."""

    step: int
    value: float


class WatchedSource(ChartSource):
    """A source of charts whose metrics may have other libraries' names."""

    def curve(self, metric: str, name: str) -> Curve:
        """Return a metric as a curve; if the run lacks it, the metric with the same role."""
        return super().curve(self._same(metric), name)

    def _same(self, metric: str) -> str:
        logged = [name for name, series in self.history.series.items() if series.count]
        if metric in logged or (role := role_of(metric)) is None:
            return metric
        return metric_of(role, logged) or metric


class WatchedRun:
    """One run's metrics; `source` is what a board of charts draws."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.history = MetricHistory()
        self.source = WatchedSource(name, self.history)
        self.is_begun = False
        """Whether its files were read."""
        self.bytes_read = 0
        self.size = 0
        self.problems: tuple[str, ...] = ()
        self.newest_step: int | None = None
        self.newest_time: float | None = None
        """Time of the last point, in seconds since 1970."""
        self._start: float | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT_STEPS)

    def take(self, portion: Portion) -> None:
        """Apply the next portion."""
        self.is_begun = True
        self.bytes_read, self.size, self.problems = portion.bytes_read, portion.size, portion.problems
        for name, step in portion.again_from.items():
            self.history.series[name].forget_from(step)
        if portion.again_from:
            self.history.timeline.forget_from(min(portion.again_from.values()))
        for name, points in portion.batch.items():
            self.history.series[name].extend(points.steps, points.values)
        if portion.batch:
            self._take_times(portion)

    @property
    def names(self) -> list[str]:
        """All metrics, in order of appearance."""
        return [name for name, series in self.history.series.items() if series.count]

    @property
    def newest(self) -> dict[str, NewestValue]:
        """Each metric's newest value."""
        logged = {name: self.history.series[name] for name in self.names}
        return {name: NewestValue(*series.point(series.count - 1)) for name, series in logged.items()}

    @property
    def steps_per_second(self) -> float | None:
        """Steps per second of all environments, if logged."""
        metric = metric_of("steps_per_second", self.names)
        return None if metric is None else self.history.series[metric].last

    @property
    def usual_interval(self) -> float | None:
        """Recent seconds between two logged steps; None before there are two."""
        if len(self._recent) < 2:
            return None
        return (self._recent[-1] - self._recent[0]) / (len(self._recent) - 1)

    def is_quiet(self, now: float) -> bool:
        """Whether nothing was logged for far longer than usual: the training has ended or hangs."""
        if self.newest_time is None:
            return False
        usual = self.usual_interval or 0.0
        return now - self.newest_time > max(_QUIET_AFTER_SECONDS, _QUIET_AFTER_INTERVALS * usual)

    def _take_times(self, portion: Portion) -> None:
        steps = np.concatenate([points.steps for points in portion.batch.values()])
        times = np.concatenate([points.times for points in portion.batch.values()])
        each, first = np.unique(steps, return_index=True)
        if self._start is None:
            self._start = float(times.min())
        self._recent.extend(times[first][-_RECENT_STEPS:].tolist())
        self.history.timeline.extend(each, np.zeros(len(each)), times[first] - self._start)
        last = int(np.argmax(times))
        if self.newest_time is None or times[last] >= self.newest_time:
            self.newest_time, self.newest_step = float(times[last]), int(each[-1])
