"""One reading of everything on the machine panel: machine and processes of a run."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field, replace

from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from tui.session.machine.capacity import EnvironmentRoom, room_in_memory, room_on_gpu
from tui.session.machine.gpu import GpuReader, GpuReading, gpus_of_run
from tui.session.machine.host import (
    CpuReader,
    CpuReading,
    DiskReading,
    MemoryReading,
    read_disk,
    read_memory,
)
from tui.session.machine.processes import ProcessReading, RunProcesses


@dataclass(frozen=True)
class MachineReading:
    """One reading, at `time` (Unix time in seconds).

    `run_gpus` are the numbers of the run's GPUs; `gpu_problem` is why there are none. `disk` is None if the folder is
    gone. `rooms` is empty until the run trains, when all environments exist.
    """

    host: str
    time: float
    cpu: CpuReading
    memory: MemoryReading
    disk: DiskReading | None = None
    gpus: tuple[GpuReading, ...] = ()
    gpu_problem: str = ""
    run_gpus: tuple[int, ...] = ()
    processes: tuple[ProcessReading, ...] = ()
    rooms: tuple[EnvironmentRoom, ...] = field(default=())


class MachineReader:
    """Reads this machine, with or without a run; used by one thread.

    CPU loads are averages between two readings, so the first reading has none.
    """

    def __init__(self, folder: RunFolder | None = None) -> None:
        """Open the libraries for readings; takes tens of milliseconds."""
        self._folder = folder
        self._gpus = GpuReader()
        self._cpu = CpuReader()
        self._processes = RunProcesses(folder) if folder is not None else None
        self._spec = _spec(folder)

    def read(self, is_training: bool) -> MachineReading:
        """Return a reading; takes 10 to 50 ms. `is_training`: whether an iteration has finished."""
        gpus = self._gpus.read()
        processes = self._processes.read() if self._processes is not None else []
        processes = [replace(one, gpu_memory_bytes=_gpu_memory(gpus, one.pid)) for one in processes]
        memory = read_memory()
        run_gpus = self._gpus_of_run(gpus, processes)
        return MachineReading(
            host=socket.gethostname(),
            time=time.time(),
            cpu=self._cpu.read(),
            memory=memory,
            disk=_disk(self._folder),
            gpus=tuple(gpus),
            gpu_problem=self._gpus.problem,
            run_gpus=tuple(run_gpus),
            processes=tuple(processes),
            rooms=tuple(self._rooms(gpus, run_gpus, memory, processes)) if is_training and processes else (),
        )

    def close(self) -> None:
        self._gpus.close()

    def _gpus_of_run(self, gpus: list[GpuReading], processes: list[ProcessReading]) -> list[int]:
        if self._spec is None or self._processes is None or not processes:
            return []
        pids = [process.pid for process in processes]
        return gpus_of_run(gpus, self._spec.device, pids, self._processes.visible_gpus, self._spec.processes)

    def _rooms(
        self, gpus: list[GpuReading], run_gpus: list[int], memory: MemoryReading, processes: list[ProcessReading]
    ) -> list[EnvironmentRoom]:
        if self._spec is None:
            return []
        if not self._spec.device.startswith("cuda"):
            rooms = [room_in_memory(memory, processes, self._spec.num_envs)]
        else:
            rooms = [room_on_gpu(gpu, processes, self._spec.num_envs) for gpu in gpus if gpu.index in run_gpus]
        return [room for room in rooms if room is not None]


def _spec(folder: RunFolder | None) -> RunSpec | None:
    try:
        return folder.read_spec() if folder is not None else None
    except RunFolderError:
        return None


def _disk(folder: RunFolder | None) -> DiskReading | None:
    try:
        return read_disk(folder)
    except OSError:  # the folder is gone, or its disk
        return None


def _gpu_memory(gpus: list[GpuReading], pid: int) -> int | None:
    """Return a process's memory on all GPUs; None if no driver reports it."""
    reported = [gpu.processes[pid] for gpu in gpus if gpu.processes is not None and pid in gpu.processes]
    known = [memory for memory in reported if memory is not None]
    return sum(known) if known else None
