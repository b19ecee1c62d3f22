"""Locks on open files, which the kernel releases when their process ends."""

from __future__ import annotations

import errno
import fcntl

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""Errors of file systems without locks."""


def lock(file: int) -> None:
    """Take the lock of an open file or folder, and wait for it; does nothing where the file system has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def try_lock(file: int) -> bool:
    """Take the lock of an open file or folder if it is free; True also where the file system has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS
    return True
