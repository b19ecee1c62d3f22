"""The connection file: how a dashboard on the same machine finds a run's trainer, and whether it is still alive."""

from __future__ import annotations

import os
import socket
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.run_files import read_file
from trainer_proc.contract.run_folder import RunFolder, write_atomically
from trainer_proc.contract.trainer_lock import is_training

_LARGEST = 64 * 1024
"""Bytes of a connection file."""


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a trainer listens."""

    host: str
    """Name of its machine."""
    pid: int
    """Process id of its wire process."""
    publish: str
    """ZeroMQ address at which frames are published."""
    control: str
    """ZeroMQ address for requests."""
    identity: str = ""
    """That process's `process_identity`, which a later process with the same id doesn't have; empty for version 0.1."""
    process_started: float | None = None
    """Start of that process in Unix time (s), where version 0.1 started it: it may outlive an update."""
    robot: str = ""
    """ZeroMQ address at which the training process publishes `contract.robot`; empty for older trainers."""

    def is_alive(self) -> bool:
        """Return whether the process still runs on this machine."""
        if self.host != socket.gethostname():
            return False
        if self.process_started is not None:
            return _started_at(self.pid, self.process_started)
        return self.identity == (process_identity(self.pid) or None)


def _started_at(pid: int, seconds: float) -> bool:
    """Return whether a process runs that started at this Unix time."""
    import psutil  # slow to import

    try:
        process = psutil.Process(pid)
        is_same = bool(abs(process.create_time() - seconds) < 1.0)
        return is_same and process.status() != str(psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError):  # the file may name a negative number
        return False


def write_connection(folder: RunFolder, publish: str, control: str, robot: str = "") -> None:
    """Write the connection file for this process, readable by its owner only."""
    connection = Connection(
        host=socket.gethostname(),
        pid=os.getpid(),
        identity=process_identity(os.getpid()),
        publish=publish,
        control=control,
        robot=robot,
    )
    write_atomically(folder.connection, tomli_w.dumps(msgspec.to_builtins(connection)).encode(), mode=0o600)


def read_connection(folder: RunFolder) -> Connection | None:
    """Return the connection of a live trainer; None for no file, an unreadable one, or one of a dead process."""
    connection = _read(folder.connection)
    return connection if connection is not None and connection.is_alive() else None


def is_live(folder: RunFolder) -> bool:
    """Return whether a training process runs, or its wire process still does.

    A training whose wire process has just died has no connection for a moment; version 0.1 has no lock.
    """
    return read_connection(folder) is not None or is_training(folder)


def remove_connection(folder: RunFolder) -> None:
    """Remove the connection file if it is this process's: a later training in the folder has its own."""
    connection = _read(folder.connection)
    if connection is None or (connection.pid, connection.identity) == (os.getpid(), process_identity(os.getpid())):
        folder.connection.unlink(missing_ok=True)


def _read(path: Path) -> Connection | None:
    try:
        return msgspec.convert(tomllib.loads(read_file(path, _LARGEST).decode()), Connection)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None
