"""CPU, memory and disk of this machine; in a container, its memory limit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.run_folder import RunFolder

_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class CpuReading:
    """Loads of all cores together and of each, 0 to 1, since the previous reading; None in the first.

    `load` is the run queue length averaged over one minute.
    """

    count: int
    utilisation: float | None
    cores: tuple[float, ...]
    load: float


@dataclass(frozen=True)
class MemoryReading:
    """Main memory; with `is_container`, `total_bytes` is the container's limit."""

    used_bytes: int
    total_bytes: int
    is_container: bool = False


@dataclass(frozen=True)
class DiskReading:
    """Disk of a run's checkpoints; `checkpoint_bytes` is the newest one's size, None before the first."""

    free_bytes: int
    total_bytes: int
    checkpoint_bytes: int | None = None

    @property
    def checkpoints_that_fit(self) -> int | None:
        """Number of further checkpoints of the newest one's size that fit."""
        return None if not self.checkpoint_bytes else self.free_bytes // self.checkpoint_bytes


class CpuReader:
    """Reads the cores; used by one thread, since loads are measured since the previous reading."""

    def __init__(self) -> None:
        self._has_read = False

    def read(self) -> CpuReading:
        """Return the loads since the previous call."""
        import psutil

        cores = tuple(share / 100 for share in psutil.cpu_percent(percpu=True))
        known = cores if self._has_read else ()
        self._has_read = True
        mean = sum(known) / len(known) if known else None
        return CpuReading(len(cores), mean, known, psutil.getloadavg()[0])


def read_memory(cgroup: Path = _CGROUP) -> MemoryReading:
    """Return the main memory, or that of the control group at `cgroup` if its limit is lower."""
    import psutil

    memory = psutil.virtual_memory()
    limit = _number(cgroup / "memory.max")
    if limit is None or limit >= memory.total:
        return MemoryReading(memory.total - memory.available, memory.total)
    used = _number(cgroup / "memory.current") or 0
    return MemoryReading(max(used - _inactive_file(cgroup), 0), limit, is_container=True)


def read_disk(folder: RunFolder | None) -> DiskReading:
    """Return the disk of a run's folder, or of the working folder. Raises `OSError`."""
    path = Path.cwd() if folder is None else folder.path
    status = os.statvfs(path)
    newest = folder.checkpoints()[-1:] if folder is not None else []
    return DiskReading(
        free_bytes=status.f_bavail * status.f_frsize,  # without the blocks reserved for root
        total_bytes=status.f_blocks * status.f_frsize,
        checkpoint_bytes=newest[0].stat().st_size if newest else None,
    )


def _inactive_file(cgroup: Path) -> int:
    """Return the bytes of reclaimable file cache."""
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
