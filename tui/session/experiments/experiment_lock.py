"""The lock on an experiment's folder: one queue runs an experiment, also if several hosts share the log folder.

The kernel releases it when the queue process ends, however it ends.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
import tomli_w

from curricula.toml_file import read_or_none
from trainer_proc.contract.file_lock import try_lock
from tui.session.experiments.experiment import ExperimentError, ExperimentFolder

_LARGEST = 4096
"""Bytes of the file that are read."""


class Holder(msgspec.Struct, frozen=True):
    """The queue process that holds, or has held, an experiment's lock."""

    host: str
    """Name of its machine."""
    pid: int
    """Its process id there."""
    queue: str
    """Folder of its queue."""


class ExperimentLocks:
    """Locks that the process of the queue in `queue` holds, by the experiment's folder."""

    def __init__(self, queue: Path) -> None:
        self._holder = Holder(socket.gethostname(), os.getpid(), str(queue))
        self._held: dict[Path, int] = {}

    def take(self, folder: ExperimentFolder) -> str:
        """Hold the experiment; return who else does, in one line, empty if it is held. Raises `OSError`."""
        if folder.path in self._held:
            return ""
        file = os.open(folder.queue_lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if not try_lock(file):
            os.close(file)
            return _text(_read(folder))
        self._held[folder.path] = file
        with suppress(OSError):  # of a full disk: the lock is what counts
            os.ftruncate(file, 0)
            os.pwrite(file, tomli_w.dumps(msgspec.to_builtins(self._holder)).encode(), 0)
        return ""

    def keep(self, folders: Iterable[ExperimentFolder]) -> None:
        """Release all others."""
        kept = {folder.path for folder in folders}
        for path in [path for path in self._held if path not in kept]:
            os.close(self._held.pop(path))


def check_holder(folder: ExperimentFolder, queue: Path) -> None:
    """Raise `ExperimentError` if another queue than that in `queue` holds the experiment. Raises `OSError`."""
    if problem := other_holder(folder, queue):
        raise ExperimentError(f"{folder.path.name}: {problem}", hint="use the command on that host")


def other_holder(folder: ExperimentFolder, queue: Path) -> str:
    """Return which queue but that in `queue` holds the experiment, in one line; empty if none. Raises `OSError`."""
    try:
        file = os.open(folder.queue_lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        is_free = try_lock(file)
    finally:
        os.close(file)
    holder = _read(folder)
    is_own = holder is not None and (holder.host, holder.queue) == (socket.gethostname(), str(queue))
    return "" if is_free or is_own else _text(holder)


def _read(folder: ExperimentFolder) -> Holder | None:
    return read_or_none(folder.queue_lock, Holder, _LARGEST)


def _text(holder: Holder | None) -> str:
    by = "another queue" if holder is None else f"the queue of {holder.host} (process {holder.pid})"
    return f"it is run by {by}"
