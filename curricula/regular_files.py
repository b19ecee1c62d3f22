"""Open files of run and log folders, which other users may have written.

Only regular files are opened, through links too, and without waiting: opening a FIFO would wait for its writer, and a
device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


class NotAFile(OSError):
    """A folder, a device, a pipe or a socket is in the place of a file."""

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"  # without a number, which means nothing here


def open_file(path: Path) -> BufferedReader:
    """Open a regular file for reading. Raises `OSError`, whose text names the file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFile(errno.EINVAL, "expected a file, got a folder, a device, a pipe or a socket", str(path))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes. Raises `OSError`."""
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"expected at most {most} bytes, got more", str(path))
    return content
