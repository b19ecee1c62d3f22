"""Every metric of a run over its iterations, decimated, for charts."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

import numpy as np

from trainer_proc.wire.messages import Frame, IterationFinished, MetricSet
from tui.session.series import Series


class MetricHistory:
    """A fold over frames, like `RunState`, that keeps the past."""

    def __init__(self) -> None:
        """Know no metric yet."""
        self.series: defaultdict[str, Series] = defaultdict(Series)
        self._names: dict[int, tuple[str, ...]] = {}

    def apply(self, frames: list[Frame]) -> None:
        """Take frames in; many at once are far cheaper than one by one."""
        iterations: list[IterationFinished] = []
        for frame in frames:
            if isinstance(frame.body, IterationFinished):
                iterations.append(frame.body)
            elif isinstance(frame.body, MetricSet):
                self._take(iterations)  # a trainer that was started again counts its sets from 0
                iterations = []
                self._names[frame.body.id] = frame.body.names
        self._take(iterations)

    def _take(self, iterations: list[IterationFinished]) -> None:
        for metric_set, group in groupby(iterations, key=lambda body: body.metric_set):
            bodies = list(group)
            numbers = np.array([body.iteration for body in bodies])
            values = np.frombuffer(b"".join(body.values for body in bodies), dtype="<f4").reshape(len(bodies), -1)
            for column, name in enumerate(self._names[metric_set]):
                self.series[name].extend(numbers, values[:, column])
