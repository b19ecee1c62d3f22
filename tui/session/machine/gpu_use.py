"""Use of a run's GPUs, for the header: far fewer readings than the machine panel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.session.background import BackgroundThread
from tui.session.machine.gpu import GpuReader, GpuReading, gpus_of_run
from tui.session.machine.processes import RunProcesses

_SECONDS = 2.0


@dataclass(frozen=True)
class GpuUse:
    """Number of the GPUs that a run trains on, and the mean share of time with any kernel running, 0 to 1."""

    count: int
    share: float


def use_of(gpus: Iterable[GpuReading], of_run: Iterable[int]) -> GpuUse | None:
    """Return the use of the GPUs with the numbers `of_run`; None if none of them reports it."""
    numbers = set(of_run)
    shares = [gpu.utilisation for gpu in gpus if gpu.index in numbers and gpu.utilisation is not None]
    return GpuUse(len(shares), sum(shares) / len(shares)) if shares else None


class GpuUseFollower:
    """Calls back from its own thread every two seconds, while the machine has a GPU and the run's processes."""

    def __init__(
        self, folder: RunFolder, on_use: Callable[[GpuUse | None], None], on_problem: Callable[[str], None]
    ) -> None:
        """Begin to read; `on_problem` gets one line if that ends."""
        self._folder = folder
        self._on_use = on_use
        self._closing = threading.Event()
        BackgroundThread("reading the GPUs", self._run, on_problem).start()

    def close(self) -> None:
        """End the thread; does not wait for it."""
        self._closing.set()

    def _run(self) -> None:
        reader = GpuReader()
        try:
            spec = self._folder.read_spec()
        except RunFolderError:
            return
        processes = RunProcesses(self._folder)
        while not self._closing.is_set() and (gpus := reader.read()):
            pids = [process.pid for process in processes.read()]
            numbers = gpus_of_run(gpus, spec.device, pids, processes.visible_gpus, spec.processes) if pids else []
            self._on_use(use_of(gpus, numbers))
            self._closing.wait(_SECONDS)
        reader.close()
