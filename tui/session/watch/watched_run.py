"""State of a watched run: a fold over the portions of its event files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.session.metrics.history import MetricHistory
from tui.session.metrics.names import metric_of
from tui.session.watch.branches import Branches
from tui.session.watch.counters import newest_step, usual_interval
from tui.session.watch.run_reader import Portion
from tui.session.watch.watched_source import WatchedSource

_QUIET_AFTER_INTERVALS, _QUIET_AFTER_SECONDS = 5, 150.0
"""Writers buffer points for up to two minutes (`flush_secs` of PyTorch and TensorFlow)."""


@dataclass(frozen=True)
class NewestValue:
    """Value of a metric that was logged last, and its step."""

    step: int
    value: float


class WatchedRun:
    """One run's metrics; `source` is what a board of charts draws."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = WatchedSource(name)
        self.is_begun = False
        """Whether its files were read."""
        self.is_deleted = False
        """Whether its files are gone; what was read of them stays until the run is written again."""
        self.bytes_read = 0
        self.size = 0
        self.newest_step: int | None = None
        self.newest_time: float | None = None
        """Time of the last point, in seconds since 1970."""
        self.usual_interval: float | None = None
        """Recent seconds between two points of a metric; None before there are two."""
        self._problems: tuple[str, ...] = ()
        self._files: Sequence[str] = ()

    def take(self, portion: Portion) -> None:
        """Apply the next portion."""
        if portion.is_first:
            self.forget()
        self.is_begun = True
        self.bytes_read, self.size = portion.bytes_read, portion.size
        self._problems, self._files = portion.problems, portion.files
        for chunk in portion.chunks:
            self.source.metrics.take(chunk)
        if portion.chunks:
            metrics = self.metrics.values()
            self.newest_time, self.usual_interval = self.source.metrics.newest_time, usual_interval(metrics)
            self.newest_step = newest_step(metrics, self.newest_time or 0.0, self.usual_interval)

    def forget(self) -> None:
        """Forget everything, as of a run that was deleted and written again."""
        self.source.metrics.forget()
        self.is_begun, self.bytes_read, self.size = False, 0, 0
        self.newest_step = self.newest_time = self.usual_interval = None
        self._problems = ()

    @property
    def history(self) -> MetricHistory:
        """The newest values of each metric."""
        return self.source.history

    @property
    def metrics(self) -> dict[str, Branches]:
        """The metrics with their newest and their replaced values, in order of appearance."""
        return {name: self.source.metrics.branches[name] for name in self.names}

    @property
    def names(self) -> list[str]:
        """All metrics, in order of appearance."""
        return self.source.metrics.names

    @property
    def newest(self) -> dict[str, NewestValue]:
        """The value of each metric that was logged last."""
        last = {name: metric.last for name, metric in self.metrics.items()}
        return {name: NewestValue(point.step, point.value) for name, point in last.items() if point is not None}

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong with its files, one line each."""
        rivals = {metric.rival for metric in self.metrics.values() if metric.rival is not None}
        at_once = "two files log the same metrics at once, the newer one in front"
        return (
            *([f"the files of {self.name} were deleted"] if self.is_deleted else self._problems),
            *(f"{at_once}: {self._files[older]}, {self._files[newer]}" for older, newer in sorted(rivals)),
        )

    @property
    def steps_per_second(self) -> float | None:
        """Steps per second of all environments, if logged."""
        metric = metric_of("steps_per_second", self.names)
        return None if metric is None else self.newest[metric].value

    def is_quiet(self, now: float) -> bool:
        """Whether nothing was logged for far longer than usual: the training has ended or hangs."""
        if self.newest_time is None:
            return False
        usual = self.usual_interval or 0.0
        return now - self.newest_time > max(_QUIET_AFTER_SECONDS, _QUIET_AFTER_INTERVALS * usual)
