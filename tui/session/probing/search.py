"""Which number of environments to try next: up and down by doubling, until more are no faster or do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GAIN = 1.05
"""Factor by which twice as many environments must be faster: at the same speed, fewer give more updates."""
KEPT_FREE = 0.1
"""Share of the device's memory that the chosen number leaves free."""

Outcome = Literal["measured", "out of memory", "too slow", "failed"]


@dataclass(frozen=True)
class Probe:
    """Result of a short training."""

    num_envs: int
    """Environments of each process."""
    outcome: Outcome
    steps_per_second: float = 0.0
    """Steps of all environments together."""
    used_bytes: int = 0
    """Memory of the device; 0 if unknown."""
    total_bytes: int = 0
    reason: str = ""
    """Why it failed, one line."""

    @property
    def works(self) -> bool:
        """Whether a training may use this number."""
        return self.outcome == "measured"


class Search:
    """Decides on probes; holds their results."""

    def __init__(self, first: int, most: int) -> None:
        """Begin at `first` environments, and never try more than `most`."""
        self._first = min(first, most)
        self._most = most
        self.probes: dict[int, Probe] = {}

    def add(self, probe: Probe) -> None:
        """Take the result of a number that `next` has returned."""
        self.probes[probe.num_envs] = probe

    def next(self) -> int | None:
        """Return the next number to try; None at the end."""
        if not self.probes:
            return self._first
        return self._above() or self._below()

    @property
    def best(self) -> Probe | None:
        """The fastest; of those that are about as fast, the one with the fewest environments. None if none works."""
        best: Probe | None = None
        for probe in self._working():
            if best is None or probe.steps_per_second > best.steps_per_second * GAIN:
                best = probe
        return best

    def _working(self) -> list[Probe]:
        return [self.probes[count] for count in sorted(self.probes) if self.probes[count].works]

    def _above(self) -> int | None:
        """Return the next larger number, as long as each was faster than the one before."""
        largest = self.probes[max(self.probes)]
        return 2 * largest.num_envs if self.best is largest and self._fits(2 * largest.num_envs) else None

    def _below(self) -> int | None:
        """Return the next smaller number, if none works or the smallest so far is the best."""
        smallest = self.probes[min(self.probes)]
        return smallest.num_envs // 2 or None if self.best in (None, smallest) else None

    def _fits(self, count: int) -> bool:
        """Return whether a number may be tried: its memory is estimated from the two largest that worked.

        A probe that runs out of main memory could end other processes.
        """
        if count > self._most:
            return False
        working = self._working()
        last = working[-1]
        if not last.total_bytes:
            return True
        before = working[-2] if len(working) > 1 else None
        each = last.used_bytes / last.num_envs
        if before is not None and before.used_bytes:
            each = max(last.used_bytes - before.used_bytes, 0) / (last.num_envs - before.num_envs)
        return last.used_bytes + each * (count - last.num_envs) <= last.total_bytes * (1 - KEPT_FREE)
