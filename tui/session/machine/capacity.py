"""Memory per environment, and an estimate of how many environments fit.

The estimate is conservative: it divides all memory of a run's processes by its environments. That includes fixed costs
(CUDA context, kernels, policy, terrain), so more environments take less each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tui.session.machine.gpu import GpuReading
from tui.session.machine.host import MemoryReading
from tui.session.machine.processes import TRAINERS, ProcessReading

KEPT_FREE = 0.1
"""Share of the memory that the estimate leaves free."""

Basis = Literal["this run's processes", "everything on the GPU"]


@dataclass(frozen=True)
class EnvironmentRoom:
    """Memory of a run's environments on one device."""

    where: str
    """`GPU N` or `RAM`."""
    basis: Basis
    """Whose memory is counted; all of the GPU where the driver does not know processes (containers, WSL)."""
    used_bytes: int
    environments: int
    """Environments that use it."""
    fit: int
    """Environments that fit in their place, at least."""

    @property
    def bytes_each(self) -> float:
        """Bytes per environment, including its share of fixed costs."""
        return self.used_bytes / self.environments


def room_on_gpu(gpu: GpuReading, processes: Sequence[ProcessReading], num_envs: int) -> EnvironmentRoom | None:
    """Return the memory of `num_envs` environments per training process on one GPU; None if unknown."""
    if gpu.memory_used_bytes is None or not gpu.memory_total_bytes:
        return None
    by_pid = gpu.processes or {}
    own = sum(by_pid.get(process.pid) or 0 for process in processes)
    trainers = sum(process.pid in by_pid for process in processes if process.role.startswith(TRAINERS))
    return _room(
        where=f"GPU {gpu.index}",
        basis="this run's processes" if own else "everything on the GPU",
        used=own or gpu.memory_used_bytes,
        environments=num_envs * max(trainers, 1) if own else num_envs,
        total=gpu.memory_total_bytes,
        others=max(gpu.memory_used_bytes - own, 0) if own else 0,
    )


def room_in_memory(memory: MemoryReading, processes: Sequence[ProcessReading], num_envs: int) -> EnvironmentRoom | None:
    """Return the memory of `num_envs` environments per training process in RAM; None without a process."""
    trainers = [process for process in processes if process.role.startswith(TRAINERS)]
    own = sum(process.memory_bytes for process in trainers)
    if not own:
        return None
    return _room(
        where="RAM",
        basis="this run's processes",
        used=own,
        environments=num_envs * len(trainers),
        total=memory.total_bytes,
        others=max(memory.used_bytes - own, 0),
    )


def _room(*, where: str, basis: Basis, used: int, environments: int, total: int, others: int) -> EnvironmentRoom | None:
    """Return the estimate for `total` bytes, of which `others` are taken; None if nothing is used."""
    if used <= 0 or environments < 1:
        return None
    usable = max(total * (1 - KEPT_FREE) - others, 0)
    return EnvironmentRoom(where, basis, used, environments, _rounded_down(usable / used * environments))


def _rounded_down(count: float) -> int:
    """Round down to two digits."""
    if count < 100:
        return int(count)
    step = 10 ** (int(math.log10(count)) - 1)
    return int(count // step * step)
