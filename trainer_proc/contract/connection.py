"""The connection file: how a dashboard on the same machine finds a run's trainer, and whether it is still alive."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from trainer_proc.contract.run_folder import RunFolder, write_atomically


class Connection(msgspec.Struct, frozen=True):
    """Where a trainer listens."""

    host: str
    """Name of its machine."""
    pid: int
    """Process id of its wire process."""
    process_started: float
    """Start of that process in Unix time (s), which distinguishes it from a later process with the same id."""
    publish: str
    """ZeroMQ address at which frames are published."""
    control: str
    """ZeroMQ address for requests."""
    robot: str = ""
    """ZeroMQ address at which the training process publishes `contract.robot`; empty for older trainers."""

    def is_alive(self) -> bool:
        """Return whether the process still runs on this machine."""
        if self.host != socket.gethostname():
            return False
        import psutil  # slow to import, and most listed runs have ended

        try:
            process = psutil.Process(self.pid)
            is_same = bool(abs(process.create_time() - self.process_started) < 1.0)
            return is_same and process.status() != str(psutil.STATUS_ZOMBIE)
        except (psutil.NoSuchProcess, ValueError):  # the file may name a negative number
            return False


def write_connection(folder: RunFolder, publish: str, control: str, robot: str = "") -> None:
    """Write the connection file for this process, readable by its owner only."""
    import psutil

    process = psutil.Process()
    connection = Connection(
        host=socket.gethostname(),
        pid=process.pid,
        process_started=process.create_time(),
        publish=publish,
        control=control,
        robot=robot,
    )
    write_atomically(folder.connection, tomli_w.dumps(msgspec.to_builtins(connection)).encode(), mode=0o600)


def read_connection(folder: RunFolder) -> Connection | None:
    """Return the connection of a live trainer; None for no file, an unreadable one, or one of a dead process."""
    connection = _read(folder.connection)
    return connection if connection is not None and connection.is_alive() else None


def _read(path: Path) -> Connection | None:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Connection)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None
