"""Measures the memory of a training on its device, for later launches of the same configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from trainer_proc.contract.monitoring import MemoryMeasured
from trainer_proc.metrics.observer import NotObservable

CPU = "CPU"
"""Name of the device where no GPU trains."""
_FIRST = 3
"""Iterations before the first measurement: graphs are captured then, and all buffers exist."""
_EVERY = 100
_GROWTH = 1.1
"""Growth that is reported."""
_STATUS = Path("/proc/self/status")


class MemoryWatch:
    """Emits the memory of a training after its first iterations, and when it has grown by a tenth."""

    def __init__(self, device: str, emit: Callable[[MemoryMeasured], None]) -> None:
        """Measure `device`, `cpu` or `cuda:N`."""
        self._device = torch.device(device)
        self._emit = emit
        self._iterations = 0
        self._reported = 0

    def iteration_finished(self) -> None:
        """Measure if it is time, which takes less than a millisecond. Raises `NotObservable`, or a driver's error."""
        self._iterations += 1
        if self._iterations != _FIRST and self._iterations % _EVERY:
            return
        measured = measure(self._device)
        if measured.used_bytes > self._reported * _GROWTH:
            self._reported = measured.used_bytes
            self._emit(measured)


def measure(device: torch.device) -> MemoryMeasured:
    """Return the memory of `device` that this process uses. Raises `NotObservable`, or a driver's error."""
    return _of_gpu(device) if device.type == "cuda" else _of_process()


def _of_process() -> MemoryMeasured:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    peak = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    if peak is None:
        raise NotObservable(f"{_STATUS} has no VmHWM")
    return MemoryMeasured(CPU, int(peak[1]) * 1024, total)


def _of_gpu(device: torch.device) -> MemoryMeasured:
    """Ask the driver: PyTorch does not know what Warp allocates."""
    properties = torch.cuda.get_device_properties(device)
    free, total = torch.cuda.mem_get_info(device)
    own = _driver_s_record(f"GPU-{properties.uuid}")
    if own is None:
        return MemoryMeasured(properties.name, total - free, total, of_all=True)
    return MemoryMeasured(properties.name, own, total)


def _driver_s_record(uuid: str) -> int | None:
    """Return this process's bytes on a GPU; None if the driver does not know (containers, WSL, MIG)."""
    try:
        import pynvml
    except ImportError:  # another Python than the dashboard's
        return None
    try:
        pynvml.nvmlInit()
        try:
            processes: list[Any] = pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByUUID(uuid))
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return None
    return next((process.usedGpuMemory for process in processes if process.pid == os.getpid()), None)
