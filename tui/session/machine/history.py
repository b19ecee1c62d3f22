"""The readings of the last minutes, as small curves."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator

from tui.session.machine.machine import MachineReading
from tui.session.sparkline import sparkline

KEPT_SECONDS = 600.0


class MachineTrail:
    """Keeps shares, 0 to 1, of the last `KEPT_SECONDS`, by name."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._values: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._now = 0.0

    def take(self, reading: MachineReading) -> None:
        """Take in a reading."""
        self._now = when = reading.time
        for name, share in _shares(reading):
            values = self._values[name]
            values.append((when, share))
            while values[0][0] < when - KEPT_SECONDS:
                values.popleft()

    def curve(self, name: str, width: int, seconds_each: float) -> str:
        """Return the last `width` stretches of `seconds_each`, the newest on the right, each at its largest value.

        Stretches begin at multiples of `seconds_each`, so that old bars stay as they are. One without a reading is a
        space.
        """
        newest = int(self._now // seconds_each)
        largest: dict[int, float] = {}
        for when, share in self._values[name]:
            stretch = int(when // seconds_each)
            largest[stretch] = max(largest.get(stretch, 0.0), share)
        return sparkline(
            [largest.get(stretch, math.nan) for stretch in range(newest - width + 1, newest + 1)], 0.0, 1.0
        )


def gpu_use(index: int) -> str:
    """Return the name of a GPU's utilisation."""
    return f"gpu {index} use"


def gpu_memory(index: int) -> str:
    """Return the name of a GPU's used memory."""
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
