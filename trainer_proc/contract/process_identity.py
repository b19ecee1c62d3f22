"""What distinguishes a process from a later one with the same id, also after a clock step or a reboot."""

from __future__ import annotations

from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STATE, _START_TICKS = 0, 19
"""Of `stat_fields` (proc_pid_stat(5), fields 3 and 22)."""
_ENDED = frozenset("ZX")


def stat_fields(pid: int) -> list[str]:
    """Return the fields of `/proc/PID/stat` behind the command, from the third on; none if the process has ended."""
    try:
        # the command, in parentheses, may hold any character
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def process_identity(pid: int) -> str:
    """Return a text that no other process of this machine ever has; empty if `pid` doesn't run.

    On Linux it is the boot's id and the start in clock ticks since the boot. Times of day change with the clock:
    psutil's `create_time` moves with every step of it. Elsewhere it is that time.
    """
    if not _BOOT_ID.exists():
        return _start_time(pid)
    try:
        fields = stat_fields(pid)
        return "" if fields[_STATE] in _ENDED else f"{_BOOT_ID.read_text().strip()} {fields[_START_TICKS]}"
    except (OSError, IndexError):
        return ""


def is_of_another_boot(identity: str) -> bool:
    """Return whether the machine was restarted since a process had this `process_identity`; False if unknown."""
    boot, _, ticks = identity.partition(" ")
    try:
        return bool(ticks) and boot != _BOOT_ID.read_text().strip()
    except OSError:
        return False


def _start_time(pid: int) -> str:
    import psutil  # slow to import

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except (psutil.Error, ValueError):  # a file may name a negative number
        return ""
