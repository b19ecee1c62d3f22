"""The connection file: how a dashboard on the same machine finds a run's trainer, and whether it still lives."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from trainer_proc.contract.run_folder import RunFolder, write_atomically


class Connection(msgspec.Struct, frozen=True):
    """Where a trainer listens. `process_started` (Unix time) tells its process from a later one with its number."""

    host: str
    pid: int
    process_started: float
    publish: str
    control: str

    def is_alive(self) -> bool:
        """Tell whether the trainer's process still runs, on this machine."""
        if self.host != socket.gethostname():
            return False
        import psutil  # most runs in a list have ended: opening one does not wait for it

        try:
            process = psutil.Process(self.pid)
            is_same = bool(abs(process.create_time() - self.process_started) < 1.0)
            return is_same and process.status() != str(psutil.STATUS_ZOMBIE)
        except (psutil.NoSuchProcess, ValueError):  # the file may name a negative number
            return False


def write_connection(folder: RunFolder, publish: str, control: str) -> None:
    """Write the file for this process, readable by its owner only."""
    import psutil

    process = psutil.Process()
    connection = Connection(socket.gethostname(), process.pid, process.create_time(), publish, control)
    write_atomically(folder.connection, tomli_w.dumps(msgspec.to_builtins(connection)).encode(), mode=0o600)


def read_connection(folder: RunFolder) -> Connection | None:
    """Return a living trainer's connection, or None: no file, a file of a dead process, or one that can't be read."""
    connection = _read(folder.connection)
    return connection if connection is not None and connection.is_alive() else None


def _read(path: Path) -> Connection | None:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Connection)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None
