"""GPUs through NVIDIA's management library: load, memory and processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class GpuReading:
    """One GPU at one moment; values that the driver does not report (WSL, MIG) are None.

    `utilisation` is the share of recent time with any kernel running, 0 to 1. `processes` has the bytes of each process
    by pid as the driver sees it: in a container these may be pids of the host.
    """

    index: int
    name: str = "GPU"
    uuid: str = ""
    utilisation: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    processes: Mapping[int, int | None] | None = field(default=None)


class GpuReader:
    """Reads the GPUs of this machine; used by one thread. `problem` is why there are none, else empty."""

    def __init__(self) -> None:
        """Open NVIDIA's library if there is one; takes tens of milliseconds."""
        import pynvml

        self.problem = ""
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            self.problem = str(error)

    def read(self) -> list[GpuReading]:
        """Return all GPUs by number; takes milliseconds."""
        import pynvml

        if self.problem:
            return []
        return [_reading(index) for index in range(_query(pynvml.nvmlDeviceGetCount) or 0)]

    def close(self) -> None:
        import pynvml

        if not self.problem:
            _query(pynvml.nvmlShutdown)


def gpus_of_run(
    gpus: Iterable[GpuReading], device: str, pids: Iterable[int], visible: str | None, ranks: int = 1
) -> list[int]:
    """Return the numbers of the GPUs that a run trains on, from its processes `pids`.

    Where the driver does not know processes: `device` (`cuda:N`) or, with several `ranks`, the first GPUs of `visible`
    (the trainer's `CUDA_VISIBLE_DEVICES`, None if not set).
    """
    gpus, own = list(gpus), set(pids)
    seen = [gpu.index for gpu in gpus if own & set(gpu.processes or ())]
    if seen or not device.startswith("cuda"):
        return seen
    number = int(found[1]) if (found := re.fullmatch(r"cuda:(\d{1,4})", device)) else 0
    usable = _visible(gpus, visible)
    return [usable[i] for i in (range(ranks) if ranks > 1 else [number]) if i < len(usable)]


def _visible(gpus: list[GpuReading], visible: str | None) -> list[int]:
    """Return the numbers of the GPUs visible to CUDA, in its order."""
    if visible is None:
        return [gpu.index for gpu in gpus]
    numbers = []
    for name in (part.strip() for part in visible.split(",")):
        found = [gpu.index for gpu in gpus if name and (str(gpu.index) == name or gpu.uuid.startswith(name))]
        if not found:
            break  # as in CUDA: GPUs after an unknown name are invisible
        numbers.append(found[0])
    return numbers


def _reading(index: int) -> GpuReading:
    import pynvml

    handle = _query(lambda: pynvml.nvmlDeviceGetHandleByIndex(index))
    if handle is None:
        return GpuReading(index)

    def ask(question: Callable[..., Any], *more: Any) -> Any:
        return _query(lambda: question(handle, *more))

    utilisation, memory = ask(pynvml.nvmlDeviceGetUtilizationRates), _memory(ask)
    power, limit = ask(pynvml.nvmlDeviceGetPowerUsage), ask(pynvml.nvmlDeviceGetEnforcedPowerLimit)
    temperature = ask(pynvml.nvmlDeviceGetTemperatureV, pynvml.NVML_TEMPERATURE_GPU)
    if temperature is None:  # older driver
        temperature = ask(pynvml.nvmlDeviceGetTemperature, pynvml.NVML_TEMPERATURE_GPU)
    return GpuReading(
        index,
        name=ask(pynvml.nvmlDeviceGetName) or "GPU",
        uuid=ask(pynvml.nvmlDeviceGetUUID) or "",
        utilisation=None if utilisation is None else utilisation.gpu / 100,
        memory_used_bytes=None if memory is None else memory.used,
        memory_total_bytes=None if memory is None else memory.total,
        temperature_celsius=temperature,
        power_watts=None if power is None else power / 1000,
        power_limit_watts=None if limit is None else limit / 1000,
        processes=_processes(ask),
    )


def _memory(ask: Callable[..., Any]) -> Any:
    """Return the memory without the driver's own, as nvidia-smi does; with it on older drivers."""
    import pynvml

    memory = ask(pynvml.nvmlDeviceGetMemoryInfo, pynvml.nvmlMemory_v2)
    return ask(pynvml.nvmlDeviceGetMemoryInfo) if memory is None else memory


def _processes(ask: Callable[..., Any]) -> dict[int, int | None] | None:
    """Return the bytes of each process; one that computes and draws is in both lists with the same value."""
    import pynvml

    lists = [ask(pynvml.nvmlDeviceGetComputeRunningProcesses), ask(pynvml.nvmlDeviceGetGraphicsRunningProcesses)]
    listed = [process for processes in lists for process in processes or ()]
    if all(processes is None for processes in lists):
        return None
    found: dict[int, int | None] = {}
    for process in listed:
        known = found.get(process.pid)
        found[process.pid] = known if process.usedGpuMemory is None else max(known or 0, process.usedGpuMemory)
    return found


def _query(question: Callable[[], T]) -> T | None:
    """Return the driver's answer; None if it fails."""
    import pynvml

    try:
        return question()
    except pynvml.NVMLError:
        return None
