"""Which device evaluates beside a training, where nobody has chosen one.

On the training's GPU, an evaluation takes turns with it: a G1 lost 7 %. On a core that is free, it costs nothing but
time. mjlab's physics is fast enough on a CPU (decision 37) and the same as on a GPU; Isaac Lab's may be another there.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_ON_CPU = ("mjlab",)
_CORES_OF_TRAINING = 2
"""Cores that a process of a training needs: one for Python, one for what runs beside it."""
_CORES_BESIDE = 2
"""Cores that must be left: one for the evaluation, one for the rest of the machine."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def device_beside(training: str, backend: str, processes: int, cores: int) -> str:
    """Return `cpu`; the device of `training` (such as `cuda:0`) if no core is free, or for another simulator.

    `processes` is the count of the training's processes on this machine, which may use `cores`.
    """
    has_cores = cores >= processes * _CORES_OF_TRAINING + _CORES_BESIDE
    return "cpu" if backend in _ON_CPU and has_cores else training


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return how many cores this process may use: its affinity, and the limit of its container in `quota`."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    try:
        allowed, period = map(float, quota.read_text().split())
    except (OSError, ValueError):  # no container, or `max`
        return cores
    return max(1, min(cores, math.floor(allowed / period)))
