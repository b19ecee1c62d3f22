"""How much memory an environment takes, and about how many would fit.

The estimate is on the safe side: all that a run's processes use is divided by its environments, what doesn't grow with
their number (CUDA's context, kernels, the policy, terrain) too, so more of them take less each.
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
"""Share of the memory that the estimate leaves alone."""

Basis = Literal["this run's processes", "everything on the GPU"]


@dataclass(frozen=True)
class EnvironmentRoom:
    """Memory of `environments` that are there, and how many a run could have in their place: `fit`, at least.

    `where` is `GPU N` or `RAM`. Where the driver can't tell whose memory is used (in a container, on WSL), `basis` is
    everything on the GPU, which is more than the run's if others use it too.
    """

    where: str
    basis: Basis
    used_bytes: int
    environments: int
    fit: int

    @property
    def bytes_each(self) -> float:
        """Memory for each environment, its share of what doesn't grow included."""
        return self.used_bytes / self.environments


def room_on_gpu(gpu: GpuReading, processes: Sequence[ProcessReading], num_envs: int) -> EnvironmentRoom | None:
    """Return what `num_envs` environments of each training process take on one GPU; None if that isn't told."""
    if gpu.memory_used_bytes is None or not gpu.memory_total_bytes:
        return None
    told = gpu.processes or {}
    own = sum(told.get(process.pid) or 0 for process in processes)
    trainers = sum(process.pid in told for process in processes if process.role.startswith(TRAINERS))
    if not own:
        return _room(f"GPU {gpu.index}", "everything on the GPU", gpu.memory_used_bytes, num_envs, gpu, 0)
    others = max(gpu.memory_used_bytes - own, 0)
    return _room(f"GPU {gpu.index}", "this run's processes", own, num_envs * max(trainers, 1), gpu, others)


def room_in_memory(memory: MemoryReading, processes: Sequence[ProcessReading], num_envs: int) -> EnvironmentRoom | None:
    """Return what `num_envs` environments of each training process take in main memory; None without a process."""
    trainers = [process for process in processes if process.role.startswith(TRAINERS)]
    own = sum(process.memory_bytes for process in trainers)
    if not own:
        return None
    others = max(memory.used_bytes - own, 0)
    return _room("RAM", "this run's processes", own, num_envs * len(trainers), memory, others)


def _room(
    where: str, basis: Basis, used: int, environments: int, memory: GpuReading | MemoryReading, others: int
) -> EnvironmentRoom | None:
    total = (memory.memory_total_bytes if isinstance(memory, GpuReading) else memory.total_bytes) or 0
    if used <= 0 or environments < 1:
        return None
    usable = max(total * (1 - KEPT_FREE) - others, 0)
    return EnvironmentRoom(where, basis, used, environments, _rounded_down(usable / used * environments))


def _rounded_down(count: float) -> int:
    """Return `count` with two digits: no more is known."""
    if count < 100:
        return int(count)
    step = 10 ** (int(math.log10(count)) - 1)
    return int(count // step * step)
