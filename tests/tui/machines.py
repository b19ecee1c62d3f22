"""Machines as they are read: a box with two GPUs that trains, and a driver that tells what a test wants."""

from __future__ import annotations

from types import SimpleNamespace

import pynvml

from tui.session.machine.capacity import room_on_gpu
from tui.session.machine.gpu import GpuReading
from tui.session.machine.host import CpuReading, DiskReading, MemoryReading
from tui.session.machine.machine import MachineReading
from tui.session.machine.processes import ProcessReading

GIB, MIB = 1024**3, 1024**2

CPU = CpuReading(32, 0.34, tuple(((i * 7) % 11) / 10 for i in range(32)), 5.2)
MEMORY = MemoryReading(18 * GIB, 126 * GIB)
DISK = DiskReading(212 * GIB, 500 * GIB, 12 * MIB)
PROCESSES = (
    ProcessReading(21345, "trainer", 1.01, int(3.1 * GIB), 3 * GIB),
    ProcessReading(21346, "wire", 0.02, 45 * MIB),
    ProcessReading(21399, "exporter", None, 312 * MIB),
)
GPUS = (
    GpuReading(0, "NVIDIA H200", "GPU-a", 0.62, int(3.4 * GIB), 141 * GIB, 54, 312.4, 700.0, {21345: 3 * GIB}),
    GpuReading(1, "NVIDIA H200", "GPU-b", 0.0, 90 * GIB, 141 * GIB, 38, 91.0, 700.0, {777: 89 * GIB}),
)
ROOM = room_on_gpu(GPUS[0], PROCESSES, 4096)
BOX = MachineReading("gpu-box", 1000.0, CPU, MEMORY, DISK, GPUS, "", (0,), PROCESSES, (ROOM,))


class Driver:
    """Stands in for NVIDIA's library: `answers` are by function, for all GPUs or by number; errors are raised."""

    UNSUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    def __init__(self, monkeypatch, count: int = 1) -> None:
        self.opened = 0
        self.answers = {
            "nvmlDeviceGetName": "NVIDIA H200",
            "nvmlDeviceGetUUID": "GPU-1234",
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=62, memory=31),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=3 * GIB, free=138 * GIB, total=141 * GIB),
            "nvmlDeviceGetPowerUsage": 312_400,
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetTemperatureV": 54,
            "nvmlDeviceGetTemperature": 55,
            "nvmlDeviceGetComputeRunningProcesses": [SimpleNamespace(pid=77, usedGpuMemory=2 * GIB)],
            "nvmlDeviceGetGraphicsRunningProcesses": [],
        }
        for name in self.answers:
            monkeypatch.setattr(pynvml, name, lambda handle, *more, name=name: self._answer(name, handle))
        monkeypatch.setattr(pynvml, "nvmlInit", lambda: self._open(1))
        monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: self._open(-1))
        monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: count)
        monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", self._handle)

    def _open(self, by: int) -> None:
        self.opened += by

    def _handle(self, index: int) -> int:
        answer = self.answers.get("nvmlDeviceGetHandleByIndex", {}).get(index, index)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, name: str, handle: int):
        answer = self.answers[name]
        if isinstance(answer, dict):
            answer = answer[handle]
        if isinstance(answer, Exception):
            raise answer
        return answer
