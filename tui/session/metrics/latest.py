"""Newest value of every metric, decoded on demand, so that folding a long journal is fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet


@dataclass
class LatestValues:
    """Values of the newest iteration of each metric set, and what was reported beside them."""

    sets: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Names of metrics by the number of their set."""
    _values: dict[str, float] = field(default_factory=dict)
    _unread: dict[int, bytes] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """Newest value by name."""
        self._read()
        return self._values

    def take(self, iteration: IterationFinished) -> None:
        self._unread.pop(iteration.metric_set, None)  # keeps the newest last
        self._unread[iteration.metric_set] = iteration.values

    def take_set(self, named: MetricSet) -> None:
        if named.id in self._unread:  # a restarted trainer numbers its sets from 0
            self._read()
        self.sets[named.id] = named.names

    def take_values(self, values: Mapping[str, float]) -> None:
        """Take values that come with their names, as those of an evaluation."""
        self._read()
        self._values.update(values)

    def _read(self) -> None:
        for metric_set, values in self._unread.items():
            if (names := self.sets.get(metric_set)) is not None:  # else it came in a frame that was skipped
                self._values.update(zip(names, unpack_values(values), strict=False))
        self._unread.clear()
