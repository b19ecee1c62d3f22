"""How many environments a preset trains with, by the device and its memory."""

from __future__ import annotations

from typing import Annotated

import msgspec

MOST = 1_000_000_000
"""Largest number of environments, and of iterations."""
_USABLE_MEMORY = 0.95
"""A device reports a little less memory than its nominal size."""

Count = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
Memory = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$", title="GiB such as 8 or 11.5")]


class EnvironmentCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of environments on a CPU and on a GPU; by a GPU's memory (GiB): `{ 8 = 1024, 24 = 4096 }`."""

    cpu: Count
    cuda: Count
    by_memory_gib: dict[Memory, Count] = {}

    def on(self, device: str, memory_gib: float | None = None) -> int:
        """Return the number for `device`, `cpu` or `cuda:N`, whose total memory is `memory_gib` (GiB) if known.

        Picks the largest memory that fits the device, or the smallest of all if none fits.
        """
        if not device.startswith("cuda"):
            return self.cpu
        if memory_gib is None or not self.by_memory_gib:
            return self.cuda
        counts = sorted((float(memory), count) for memory, count in self.by_memory_gib.items())
        fitting = [count for memory, count in counts if memory * _USABLE_MEMORY <= memory_gib]
        return fitting[-1] if fitting else counts[0][1]

    @property
    def of_gpus(self) -> tuple[int, ...]:
        """All numbers for GPUs."""
        return (self.cuda, *self.by_memory_gib.values())
