"""The lock on a run's folder, which its training process holds: never two trainings of one run.

The kernel releases it when the process ends, however it ends, and after a reboot. It needs no clock and no process id.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import suppress
from typing import Literal

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.regular_files import open_file
from curricula.toml_file import read_or_none
from trainer_proc.contract.file_lock import try_lock
from trainer_proc.contract.process_identity import is_of_another_boot, process_identity
from trainer_proc.contract.run_folder import RunFolder

_OWN_SECONDS, _LOOK_SECONDS = 2.0, 30.0
"""Time for which a held lock may be that of a list of runs, which looks for microseconds unless it is delayed."""
_LARGEST = 4096
"""Bytes of the file that are read."""


class RunIsTraining(UserError):
    """Another training process holds the folder."""


class Trainer(msgspec.Struct, frozen=True):
    """The process that holds, or has held, a run's lock."""

    host: str
    """Name of its machine."""
    pid: int
    """Its process id there; under `torchrun`, that of rank 0."""
    identity: str
    """Its `process_identity`."""
    ended: Literal["", "finished", "failed"] = ""
    """Phase in which it has ended; empty while it lives, and after a death."""
    detail: str = ""
    """One line about its end."""

    @property
    def is_lost(self) -> bool:
        """Whether it ran on another machine, or this one was restarted since."""
        return self.host != socket.gethostname() or is_of_another_boot(self.identity)


class TrainerLock:
    """Holds the lock of a run until `release`. Raises `RunIsTraining`, or `OSError` if the file can't be opened."""

    def __init__(self, folder: RunFolder) -> None:
        # readable by all: to other users of a log folder, a training whose lock they can't look at would be "killed"
        self._file = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        began = time.monotonic()
        while not try_lock(self._file):
            trainer = read_trainer(folder)
            if _is_refused(trainer, time.monotonic() - began):
                os.close(self._file)
                process = "" if trainer is None else f" (process {trainer.pid} on {trainer.host})"
                raise RunIsTraining(f"{folder.name} is training already{process}", hint="stop it first")
            time.sleep(0.01)
        pid = os.getpid()
        self._trainer = Trainer(socket.gethostname(), pid, process_identity(pid))
        self._write()

    def note_end(self, phase: Literal["finished", "failed"], detail: str) -> None:
        """Record how the training ends, should the journal lack it."""
        self._trainer = msgspec.structs.replace(self._trainer, ended=phase, detail=detail)
        self._write()

    def _write(self) -> None:
        if self._file < 0:
            return
        with suppress(OSError):  # of a full disk: the lock is what counts
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, tomli_w.dumps(msgspec.to_builtins(self._trainer)).encode(), 0)

    def release(self) -> None:
        """Let another training have the folder; may be called again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def is_training(folder: RunFolder) -> bool:
    """Return whether a training process holds the run's folder."""
    try:
        with open_file(folder.lock) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_trainer(folder: RunFolder) -> Trainer | None:
    """Return the process that holds or has held the run's folder; None if none is known."""
    return read_or_none(folder.lock, Trainer, _LARGEST)


def _is_refused(trainer: Trainer | None, seconds: float) -> bool:
    """Return whether a lock that was held for this time is held by a training, as far as its file tells."""
    if trainer is not None and trainer.pid == os.getpid():  # this process may have released it
        return seconds > _OWN_SECONDS
    is_alive = trainer is not None and bool(trainer.identity) and process_identity(trainer.pid) == trainer.identity
    return is_alive or seconds > _LOOK_SECONDS
