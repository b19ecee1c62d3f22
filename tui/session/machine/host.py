"""The CPU, the memory and the disk of this machine; in a container, its share of the memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.run_folder import RunFolder

_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class CpuReading:
    """All cores together and each of them, 0 to 1; `load` is the length of the queue over one minute.

    Shares are of the time since the reading before, and None in the first.
    """

    count: int
    utilisation: float | None
    cores: tuple[float, ...]
    load: float


@dataclass(frozen=True)
class MemoryReading:
    """Main memory; `is_container` tells whether `total_bytes` is what a container may use of the machine's."""

    used_bytes: int
    total_bytes: int
    is_container: bool = False


@dataclass(frozen=True)
class DiskReading:
    """The disk that a run's checkpoints go to; `checkpoint_bytes` is the size of its newest, None before the first."""

    free_bytes: int
    total_bytes: int
    checkpoint_bytes: int | None = None

    @property
    def checkpoints_that_fit(self) -> int | None:
        """How many more of the newest checkpoint's size the disk takes."""
        return None if not self.checkpoint_bytes else self.free_bytes // self.checkpoint_bytes


class CpuReader:
    """Reads the cores; used by one thread, since each reading is measured from the one before."""

    def __init__(self) -> None:
        """Nothing is known before the first reading."""
        self._has_read = False

    def read(self) -> CpuReading:
        """Return the shares since the last call."""
        import psutil

        cores = tuple(share / 100 for share in psutil.cpu_percent(percpu=True))
        told = cores if self._has_read else ()
        self._has_read = True
        mean = sum(told) / len(told) if told else None
        return CpuReading(len(cores), mean, told, psutil.getloadavg()[0])


def read_memory(cgroup: Path = _CGROUP) -> MemoryReading:
    """Return the main memory, or what the control group at `cgroup` leaves of it if that is less."""
    import psutil

    memory = psutil.virtual_memory()
    limit = _number(cgroup / "memory.max")
    if limit is None or limit >= memory.total:
        return MemoryReading(memory.total - memory.available, memory.total)
    used = _number(cgroup / "memory.current") or 0
    return MemoryReading(max(used - _inactive_file(cgroup), 0), limit, is_container=True)


def read_disk(folder: RunFolder | None) -> DiskReading:
    """Return the disk of a run's folder, of the working folder without a run. Raises `OSError`."""
    path = Path.cwd() if folder is None else folder.path
    status = os.statvfs(path)
    newest = folder.checkpoints()[-1:] if folder is not None else []
    return DiskReading(
        free_bytes=status.f_bavail * status.f_frsize,  # what is left for others than root
        total_bytes=status.f_blocks * status.f_frsize,
        checkpoint_bytes=newest[0].stat().st_size if newest else None,
    )


def _inactive_file(cgroup: Path) -> int:
    """Return the bytes of files that are kept in memory only while nobody needs the room."""
    try:
        fields = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(fields.get("inactive_file", 0))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such file, or `max`
        return None
