"""The queue of this user on this host: a folder with its settings and a list of experiments.

Whether a member waits, runs or has ended is not stored here (`attempts`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs
import tomli_w

from curricula.errors import UserError
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.child_process import start_python
from trainer_proc.contract.run_folder import write_atomically

_LARGEST = 1024 * 1024
"""Bytes of the queue's file."""
MOST_EXPERIMENTS = 100
MOST_PLACES = 64
_MODULE = "tui.session.experiments.queue_process"


class QueueError(UserError):
    """The queue can't be read, written or started, or is full; the message is one line."""


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `queue.toml`."""

    places: Annotated[int, msgspec.Meta(ge=1, le=MOST_PLACES)] = 1
    """Trainings on each device at a time."""
    paused: bool = False
    """Whether nothing starts."""
    experiments: tuple[str, ...] = ()
    """Folders of experiments that have not ended, in their order."""


class QueueFolder:
    """Paths and locks of a queue. `path` defaults to this host's folder in the user's state."""

    def __init__(self, path: Path | None = None) -> None:
        state = platformdirs.user_state_path("humanoid-tui") / "queue"
        self.path = path or state / socket.gethostname()  # a home may be shared by hosts

    @property
    def file(self) -> Path:
        """`queue.toml`."""
        return self.path / "queue.toml"

    @property
    def log(self) -> Path:
        """Output of the queue process."""
        return self.path / "queue.log"

    def read(self) -> Queue:
        """Return the queue; an empty one if there is none. Raises `QueueError`."""
        try:
            return read_toml_as(self.file, Queue, _LARGEST)
        except FileNotFoundError:
            return Queue()
        except TomlFileError as error:
            raise QueueError(str(error), hint="repair or remove it") from error

    def write(self, queue: Queue) -> None:
        """Write `queue.toml` atomically, with `editing` held. Raises `QueueError`."""
        try:
            write_atomically(self.file, tomli_w.dumps(msgspec.to_builtins(queue)).encode(), mode=0o600)
        except OSError as error:
            raise QueueError(f"the queue can't be stored in {self.path}: {error.strerror or error}") from error

    @contextlib.contextmanager
    def editing(self) -> Iterator[None]:
        """Hold the lock for changes of the queue, before that of an experiment; waits for it. Raises `QueueError`."""
        descriptor = self._open("edit.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def take(self) -> QueueLock | None:
        """Return the lock of the queue process; None if another process holds it. Raises `QueueError`."""
        descriptor = self._open("process.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return QueueLock(descriptor)

    def has_process(self) -> bool:
        """Return whether a queue process runs. Raises `QueueError`."""
        if not self.path.exists():
            return False
        descriptor = self._open("process.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def start_process(self) -> bool:
        """Start the queue process, in its own session, unless one runs; return whether. Raises `QueueError`."""
        if self.has_process():
            return False
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with open(self.log, "ab") as log:
                start_python(
                    "-m",
                    _MODULE,
                    str(self.path),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise QueueError(f"the queue can't be started: {error}") from error
        return True

    def _open(self, name: str) -> int:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise QueueError(f"the queue can't be opened in {self.path}: {error.strerror or error}") from error


class QueueLock:
    """Held by the queue process until `release`, or until it ends; the kernel releases it then."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process have the queue."""
        os.close(self._descriptor)
