"""A mirror's files: what a host sends of a run, written as a run's folder that list, dashboard and commands read.

What a host sends is data: names, sizes and addresses are checked here.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
from contextlib import suppress
from pathlib import Path

import msgspec
import tomli_w

from trainer_proc.contract.code_state import LARGEST_DIFF
from trainer_proc.contract.connection import make_sockets_folder, remove_connection, write_connection
from trainer_proc.contract.run_folder import LARGEST_SPEC, RunFolder
from trainer_proc.contract.trainer_lock import Trainer
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.protocol import Piece, Pulse
from tui.session.hosts.received_file import GIB, write_piece
from tui.session.hosts.ssh import forward

_LARGEST = {
    "run.toml": LARGEST_SPEC,
    "labels.toml": LARGEST_SPEC,
    "code.diff": LARGEST_DIFF,
    "code.toml": LARGEST_SPEC,
    "journal.msgpack": 16 * GIB,
    "console.log": GIB // 4,
}
"""Bytes."""
_ADDRESS = re.compile(r"ipc://(/[\w./+@-]{1,106})")
"""A socket there: no character that separates parts of a forwarding."""


class MirrorWriter:
    """Writes one mirror; used by one thread."""

    def __init__(self, host: Host, folder: RunFolder) -> None:
        """Make the folder, for this user only. Raises `OSError`."""
        self._host = host
        self._folder = folder
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._addresses: tuple[str, ...] = ()
        self._sockets: Path | None = None
        folder.connection.unlink(missing_ok=True)  # of a program that was killed

    def write(self, piece: Piece) -> None:
        """Write bytes of a file. Raises `HostError` or `OSError`."""
        write_piece(self._host, self._folder.path / piece.file, piece.offset, piece.data, _LARGEST[piece.file])

    def take(self, pulse: Pulse) -> None:
        """Hold the run's lock as long as its training lives, and lead to its sockets. Raises `HostError`, `OSError`."""
        fcntl.flock(self._lock, fcntl.LOCK_EX if pulse.is_live else fcntl.LOCK_UN)
        if pulse.trainer is not None:
            self._note(pulse.trainer, is_lost=pulse.is_lost)
        addresses = tuple(filter(None, (pulse.publish, pulse.control, pulse.robot)))
        if addresses != self._addresses:
            self.disconnect()
            if len(addresses) >= 2:
                self._connect(addresses)

    def disconnect(self) -> None:
        """Remove the sockets, of which the host no longer is the other end."""
        remove_connection(self._folder)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets, self._addresses = None, ()

    def close(self) -> None:
        """Leave a folder that no training holds."""
        with suppress(OSError):
            self.disconnect()
        os.close(self._lock)

    def _connect(self, addresses: tuple[str, ...]) -> None:
        there = [found[1] for address in addresses if (found := _ADDRESS.fullmatch(address))]
        if len(there) != len(addresses):
            raise HostError(f"{self._host.name}: expected sockets, got {addresses}")
        self._sockets = make_sockets_folder()
        names = ("publish", "control", "robot")[: len(there)]
        forward(self._host, {f"{self._sockets}/{name}": path for name, path in zip(names, there, strict=True)})
        publish, control, robot = (f"ipc://{self._sockets}/{name}" for name in ("publish", "control", "robot"))
        write_connection(self._folder, publish, control, robot if "robot" in names else "")
        self._addresses = addresses

    def _note(self, trainer: Trainer, *, is_lost: bool) -> None:
        """Record the training process as one that nobody here can signal; of another machine, it would be lost."""
        host = trainer.host if is_lost else socket.gethostname()
        noted = msgspec.structs.replace(trainer, host=host, identity="")
        content = tomli_w.dumps(msgspec.to_builtins(noted)).encode()
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, content, 0)
