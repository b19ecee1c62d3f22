"""Devices for training: GPUs through NVIDIA's management library, and the CPU. Needs no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

_GIB = 1024**3


@dataclass(frozen=True)
class Device:
    """One device; `name` is torch's (`cpu`, `cuda:0`). Memory in GiB."""

    name: str
    title: str
    free_memory: float
    total_memory: float

    def __str__(self) -> str:
        return f"{self.name}  {self.title}, {self.free_memory:.0f} of {self.total_memory:.0f} GiB free"


def list_devices() -> list[Device]:
    """Return the GPUs, then the CPU; the first is the default. Takes milliseconds."""
    return [*_gpus(), _cpu()]


def unseen_devices(place: str, gpus: int) -> list[Device]:
    """Return so many GPUs, then the CPU, of a place that can't be asked: their memory is not known."""
    kinds = [*((f"cuda:{index}", "GPU") for index in range(gpus)), ("cpu", "CPU")]
    return [Device(name, f"{kind} of {place}", 0.0, 0.0) for name, kind in kinds]


def _cpu() -> Device:
    import psutil  # takes 40 ms

    memory = psutil.virtual_memory()
    return Device("cpu", f"CPU, {os.cpu_count()} cores", memory.available / _GIB, memory.total / _GIB)


def _gpus() -> list[Device]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []  # no driver
    try:
        return [_gpu(pynvml.nvmlDeviceGetHandleByIndex(i), i) for i in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()


def _gpu(handle: object, index: int) -> Device:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Device(f"cuda:{index}", pynvml.nvmlDeviceGetName(handle), memory.free / _GIB, memory.total / _GIB)
