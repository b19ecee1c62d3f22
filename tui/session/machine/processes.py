"""Processes of a run: trainer or ranks, launcher, wire, exporter and their children."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.run_folder import RunFolder
from tui.session.text import plain

TRAINERS = ("trainer", "rank")
"""Prefixes of the roles that hold environments."""
_LAUNCHERS = ("torch.distributed.run", "torchrun")


@dataclass(frozen=True)
class ProcessReading:
    """One process of a run. `cpu` is 1 for one busy core, None in its first reading.

    `memory_bytes` is the resident size, shared pages included. `gpu_memory_bytes` is None where the driver does not
    report it.
    """

    pid: int
    role: str
    cpu: float | None
    memory_bytes: int
    gpu_memory_bytes: int | None = None


class RunProcesses:
    """Finds and reads a run's processes; used by one thread, since loads are measured since the previous reading."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._known: dict[int, Any] = {}
        self.visible_gpus: str | None = None
        """`CUDA_VISIBLE_DEVICES` of the trainer; None if not set or unreadable."""

    def read(self) -> list[ProcessReading]:
        """Return the processes, trainer first; none if the run has none on this machine."""
        found = self._find()
        readings = []
        for process, role in found:
            with _gone_is_fine():
                cpu = process.cpu_percent() / 100
                is_first = process.pid not in self._known
                memory = process.memory_info().rss
                readings.append(ProcessReading(process.pid, role, None if is_first else cpu, memory))
        self._known = {process.pid: process for process, _ in found}
        return readings

    def _find(self) -> list[tuple[Any, str]]:
        """Return the processes with their roles; psutil's objects are kept between readings."""
        import psutil

        connection = read_connection(self._folder)
        if connection is None:
            return []
        found: list[tuple[Any, str]] = []
        with _gone_is_fine():
            trainer = psutil.Process(connection.pid).parent()
            if trainer is None or trainer.pid == 1:  # the trainer has died; its wire process is about to report it
                return []
            launcher = trainer.parent()
            if launcher is not None and not _is_launcher(launcher):
                launcher = None
            self._read_environment(trainer)
            root = launcher or trainer
            for process in [root, *root.children(recursive=True)]:
                with _gone_is_fine():
                    role = _role(process, connection.pid, trainer.pid, launcher)
                    found.append((self._same(process), role))
        return sorted(found, key=lambda pair: (not pair[1].startswith(TRAINERS), pair[1]))

    def _same(self, process: Any) -> Any:
        known = self._known.get(process.pid)
        return known if known == process else process  # equal: number and start

    def _read_environment(self, trainer: Any) -> None:
        with _gone_is_fine():
            self.visible_gpus = trainer.environ().get("CUDA_VISIBLE_DEVICES")


def _is_launcher(process: Any) -> bool:
    return any(name in argument for argument in process.cmdline()[:4] for name in _LAUNCHERS)


def _role(process: Any, wire: int, trainer: int, launcher: Any | None) -> str:
    """Return the role of a process, from its place in the tree and its command."""
    if process.pid == wire:
        return "wire"
    if launcher is not None and process.pid == launcher.pid:
        return "launcher"
    if launcher is not None and process.ppid() == launcher.pid:
        return f"rank {process.environ().get('RANK', '?')}"
    if process.pid == trainer:
        return "trainer"
    if "trainer_proc.export.write" in process.cmdline():
        return "exporter"
    return plain(process.name())


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Skip a process that has ended, or belongs to another user."""
    import psutil

    try:
        yield
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return
