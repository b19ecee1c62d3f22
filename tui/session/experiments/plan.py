"""Which training a queue starts next: a function of what waits, what runs, and the number of places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

What = TypeVar("What")


@dataclass(frozen=True)
class Candidate(Generic[What]):
    """Something that waits for a place."""

    what: What
    devices: tuple[str, ...]
    """Devices that it may train on, at least one; or an engine, whose places are those for jobs that wait in it."""
    processes: int = 1
    """Training processes; from 2 on, each takes a place on a device of its own."""


@dataclass(frozen=True)
class Start(Generic[What]):
    """What starts, on `devices`; the first one is that of its spec."""

    what: What
    devices: tuple[str, ...]


def next_start(
    candidates: Sequence[Candidate[What]], used: Mapping[str, int], places: Callable[[str], int]
) -> Start[What] | None:
    """Return the first candidate that has a place; None if all must wait.

    `used` is the number of trainings by device, `places` returns the number that one takes. Nothing overtakes a
    candidate on a device that this one waits for.
    """
    taken = Counter(used)
    for candidate in candidates:
        devices = _devices_for(candidate, taken)
        if all(taken[device] < places(device) for device in devices):
            return Start(candidate.what, devices)
        for device in devices:
            taken[device] = places(device)
    return None


def used_by(device: str, processes: int) -> tuple[str, ...]:
    """Return the devices of a training whose spec has this device; PyTorch's launcher takes them from the first on."""
    return (device,) if processes == 1 or device == "cpu" else tuple(f"cuda:{rank}" for rank in range(processes))


def _devices_for(candidate: Candidate[What], taken: Mapping[str, int]) -> tuple[str, ...]:
    """Return the devices that a candidate takes: one of its own with the fewest trainings, or all that it needs."""
    if candidate.processes > 1 and candidate.devices[0] != "cpu":
        return used_by(candidate.devices[0], candidate.processes)
    return (min(candidate.devices, key=lambda device: taken.get(device, 0)),)
