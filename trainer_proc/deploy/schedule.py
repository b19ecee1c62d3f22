"""An absolute schedule: tick n begins at start + n · period, whatever ticks before it have taken."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

_SPIN_SECONDS = 0.0003
"""Time before a deadline in which the loop polls the clock: a sleep may end that much too late."""
_BIN_SECONDS = 5e-6
_BINS = 4096
"""Bins of a histogram of durations, 20 ms in all; its memory does not grow."""


class Durations:
    """Durations as a histogram of constant memory; quantiles are right within 5 µs, up to 20 ms."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, dtype=np.int64)
        self.worst = 0.0
        """Seconds."""

    def add(self, seconds: float) -> None:
        self._counts[min(max(int(seconds / _BIN_SECONDS), 0), _BINS - 1)] += 1
        if seconds > self.worst:
            self.worst = seconds

    @property
    def count(self) -> int:
        return int(self._counts.sum())

    def quantile(self, share: float) -> float:
        """Return the upper end of the bin of a quantile, in seconds; 0 without values, `worst` in the last bin."""
        if not self.count:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self._counts), share * self.count))
        return self.worst if place >= _BINS - 1 else min((place + 1) * _BIN_SECONDS, self.worst)


class Schedule:
    """Waits for the ticks of a loop, and counts deadlines that it missed.

    A tick that ends after the next one should have begun leaves out those that are over: no burst follows.
    """

    def __init__(
        self,
        period: float,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`period` is in seconds; `clock` returns seconds, `sleep` takes them."""
        self.period = period
        self._clock, self._sleep = clock, sleep
        self._start = clock()
        self.tick = -1
        """Number of the present tick, from 0; those that were left out count."""
        self.missed = 0
        """Ticks that were left out."""
        self.lateness = Durations()
        """Time from a tick's deadline to its beginning."""

    def wait(self) -> float:
        """Wait for the next tick, and return its time by `clock`."""
        self.tick += 1
        now = self._clock()
        late = int((now - self._start) / self.period) - self.tick
        if late > 0:
            self.missed += late
            self.tick += late
        deadline = self._start + self.tick * self.period
        while (left := deadline - now) > 0.0:
            self._sleep(left - _SPIN_SECONDS if left > _SPIN_SECONDS else 0.0)
            now = self._clock()
        self.lateness.add(now - deadline)
        return now
