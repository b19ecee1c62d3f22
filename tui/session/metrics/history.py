"""History of all metrics of a run, for charts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet
from trainer_proc.contract.products import EvaluationFinished
from trainer_proc.contract.stand_ins import Damaged, StoredIterations
from tui.session.metrics.journal_columns import ReadIterations, iterations_of, without_columns
from tui.session.metrics.series import Series
from tui.session.metrics.shares import RewardShares
from tui.session.metrics.sorted_integers import as_range
from tui.session.metrics.stored_series import StoredSeries, load_together
from tui.session.metrics.stretch import Stretch, joined_ranges
from tui.session.metrics.timeline import Timeline

_ROWS_AT_ONCE = 512


class MetricHistory:
    """A fold over frames, like `RunState`, that keeps all values instead of the latest ones."""

    def __init__(self) -> None:
        self.series: defaultdict[str, Series] = defaultdict(StoredSeries)
        self.timeline = Timeline()
        self.shares = RewardShares(self.series)
        """Shares of the reward terms; up to date after its `update`."""
        self._names: dict[int, tuple[str, ...]] = {}
        self._start: float | None = None
        self._stretch: Stretch | None = None
        """What is read from a long journal, within one `apply`."""

    def apply(self, frames: list[Frame]) -> None:
        """Add frames; many at once are far cheaper than one by one."""
        if self._start is None:
            self._start = next((frame.time for frame in frames if not isinstance(frame.body, Damaged)), None)
        finished: list[IterationFinished] = []
        times: list[float] = []
        taken = 0
        for frame in frames:
            body = frame.body
            if isinstance(body, IterationFinished):
                finished.append(body)
                times.append(frame.time)
            elif isinstance(body, MetricSet):
                self._take(finished[taken:])  # a restarted trainer counts its metric sets from 0
                taken = len(finished)
                self._end_stretch()
                self._names[body.id] = body.names
            elif isinstance(body, StoredIterations):
                self._take(finished[taken:])
                taken = len(finished)
                self._store(body)
            elif isinstance(body, EvaluationFinished):
                self._end_stretch()
                for name, value in body.values.items():  # of an iteration that has long finished
                    self.series[name].append(body.iteration, value)
        self._take(finished[taken:])
        self._end_stretch()
        self._take_times(finished, times)

    def _take(self, iterations: list[IterationFinished]) -> None:
        for metric_set, group in groupby(iterations, key=attrgetter("metric_set")):
            names = self._names.get(metric_set, ())  # none if they came in a frame that was skipped
            bodies = [body for body in group if len(body.values) == 4 * len(names)]
            if not names or not bodies:
                continue
            values = np.frombuffer(b"".join([body.values for body in bodies]), dtype="<f4")
            if self._stretch is not None and self._stretch.metric_set != metric_set:
                self._end_stretch()
            if len(bodies) == 1 and self._stretch is None:
                iteration = bodies[0].iteration
                for name, value in zip(names, values.tolist(), strict=True):
                    self.series[name].append(iteration, value)
                continue
            numbers = as_range(np.array([body.iteration for body in bodies]))
            by_metric = _transposed(values.reshape(len(bodies), -1))
            if self._stretch is not None:
                self._stretch.add(numbers, by_metric)
                continue
            for name, of_metric in zip(names, by_metric, strict=True):
                self.series[name].extend(numbers, of_metric)

    def load(self, metrics: Iterable[str]) -> None:
        """Read these metrics where they are still in the journal, all at once: one at a time, it is read for each."""
        load_together([self.series[metric] for metric in metrics if metric in self.series])

    def _store(self, stored: StoredIterations) -> None:
        if self._stretch is None or self._stretch.metric_set != stored.metric_set:
            self._end_stretch()
            self._stretch = Stretch(stored.metric_set)
        columns = stored.columns if isinstance(stored, ReadIterations) else None
        plain = without_columns(stored)
        self._stretch.add(iterations_of(plain), plain, columns)
        self.timeline.store(plain, self._start or 0.0)

    def _end_stretch(self) -> None:
        """Give all metrics their points; later ones are not part of it."""
        stretch, self._stretch = self._stretch, None
        if stretch is None:
            return
        columns = stretch.take_columns()
        whole = joined_ranges([iterations for iterations, _ in stretch.parts])
        for place, name in enumerate(self._names.get(stretch.metric_set, ())):
            series = self.series[name]
            assert isinstance(series, StoredSeries)
            if place in columns and len(whole) == 1:  # usual, and far cheaper than part by part
                series.extend(whole[0], np.concatenate(columns[place]))
            elif place in columns:
                for (iterations, _), values in zip(stretch.parts, columns[place], strict=True):
                    series.extend(iterations, values)
            else:
                series.store(stretch, place)

    def _take_times(self, finished: list[IterationFinished], times: list[float]) -> None:
        self.timeline.extend(
            [body.iteration for body in finished],
            [body.environment_steps for body in finished],
            np.array(times) - (self._start or 0.0),
        )


def _transposed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `values` of shape (n, k) as (k, n), transposed in blocks of rows that fit in the CPU cache."""
    transposed = np.empty(values.shape[::-1], dtype=np.float32)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        transposed[:, rows] = values[rows].T
    return transposed
