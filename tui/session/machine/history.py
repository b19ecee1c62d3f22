"""Readings of the last minutes, as sparklines."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator

from tui.session.machine.machine import MachineReading
from tui.session.sparkline import sparkline

KEPT_SECONDS = 600.0


class MachineTrail:
    """Shares (0 to 1) of the last `KEPT_SECONDS`, by name."""

    def __init__(self) -> None:
        self._values: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._now = 0.0

    def take(self, reading: MachineReading) -> None:
        self._now = when = reading.time
        for name, share in _shares(reading):
            values = self._values[name]
            values.append((when, share))
            while values[0][0] < when - KEPT_SECONDS:
                values.popleft()

    def curve(self, name: str, width: int, seconds_each: float) -> str:
        """Return a sparkline of the last `width` spans of `seconds_each`, newest on the right, each at its maximum.

        Spans begin at multiples of `seconds_each`, so that old bars do not change. Spans without a reading are blank.
        """
        newest = int(self._now // seconds_each)
        largest: dict[int, float] = {}
        for when, share in self._values[name]:
            span = int(when // seconds_each)
            largest[span] = max(largest.get(span, 0.0), share)
        return sparkline([largest.get(span, math.nan) for span in range(newest - width + 1, newest + 1)], 0.0, 1.0)


def gpu_use(index: int) -> str:
    return f"gpu {index} use"


def gpu_memory(index: int) -> str:
    return f"gpu {index} memory"


def _shares(reading: MachineReading) -> Iterator[tuple[str, float]]:
    if reading.cpu.utilisation is not None:
        yield "cpu", reading.cpu.utilisation
    yield "memory", reading.memory.used_bytes / max(reading.memory.total_bytes, 1)
    for gpu in reading.gpus:
        if gpu.utilisation is not None:
            yield gpu_use(gpu.index), gpu.utilisation
        if gpu.memory_used_bytes is not None and gpu.memory_total_bytes:
            yield gpu_memory(gpu.index), gpu.memory_used_bytes / gpu.memory_total_bytes
