"""Warn before the disk of a live run is full."""

from __future__ import annotations

import time

from trainer_proc.contract.amounts import amount
from trainer_proc.contract.run_folder import RunFolder
from tui.session.machine.host import read_disk

FEW_CHECKPOINTS = 5
_LEAST_FREE = 256 * 1024 * 1024
"""Bytes, for a run without checkpoints."""
_SECONDS = 15.0


def disk_warning(folder: RunFolder) -> str:
    """Return one line if few more checkpoints fit on the disk of a run, or nothing does; else empty."""
    try:
        disk = read_disk(folder)
    except OSError:  # the folder is gone: reported by the trainer
        return ""
    if not disk.free_bytes:
        return "⚠ disk full: training continues, its records wait"
    if disk.checkpoints_that_fit is None:
        return f"⚠ disk nearly full: {amount(disk.free_bytes)} left" if disk.free_bytes < _LEAST_FREE else ""
    if disk.checkpoints_that_fit >= FEW_CHECKPOINTS:
        return ""
    return f"⚠ disk nearly full: {amount(disk.free_bytes)} left, {disk.checkpoints_that_fit} more checkpoints fit"


class DiskWatch:
    """Looks at the disk of a run every 15 s."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._next = 0.0
        self._is_low = False

    def news(self) -> str:
        """Return the warning when the disk has become nearly full; empty until it has had room again."""
        if time.monotonic() < self._next:
            return ""
        self._next = time.monotonic() + _SECONDS
        warning, was_low = disk_warning(self._folder), self._is_low
        self._is_low = bool(warning)
        return "" if was_low else warning
