"""Tells other processes which checkpoint files are in use, so that no retention deletes them meanwhile."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from curricula.regular_files import open_file
from trainer_proc.contract.file_lock import try_lock


@contextmanager
def in_use(checkpoint: Path) -> Iterator[None]:
    """Keep `checkpoint` from being deleted in the block; without effect on a file that can't be opened or locked.

    The system removes the lock (`flock`, shared) with the process.
    """
    try:
        file = open_file(checkpoint)
    except OSError:  # what uses it reports that
        yield
        return
    with file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def delete_unless_in_use(checkpoint: Path) -> bool:
    """Delete `checkpoint` and return True, or return False if a process uses it. Raises `OSError`."""
    with open_file(checkpoint) as file:
        if not try_lock(file.fileno()):
            return False
        checkpoint.unlink()
    return True
