"""Limits the size of `console.log`, the trainer's output, by moving it to `console.1.log`.

Trainer, ranks and exports hold the file open for appending. So it is copied and emptied instead of renamed, and all of
them go on at its new end. Lines that are written in the microseconds between the last read and the emptying are lost.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LIMIT_BYTES = 64 * 1024 * 1024
"""A trainer of 30,000 iterations prints about as much; one that loses contacts prints it in minutes."""
_CHUNK = 2 * 1024 * 1024
"""Bytes copied between two looks at requests: about a millisecond."""


class ConsoleLimit:
    """Watches one file, which this process's standard error must be; another is not this program's to limit."""

    def __init__(self, path: Path, limit: int = LIMIT_BYTES) -> None:
        self._path = path
        self._older = path.with_name(f"{path.stem}.1{path.suffix}")
        self._temporary = path.with_name(f".{self._older.name}")
        self._limit = self._next = limit
        self._source = self._target = -1

    @property
    def is_copying(self) -> bool:
        """Whether `work` should be called again soon."""
        return self._source >= 0

    def work(self) -> str:
        """Copy the next part of a file that has become too long; return a problem, in one line, or nothing."""
        try:
            if self.is_copying:
                self._copy()
            elif self._is_too_long():
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                self._source = os.open(self._path, os.O_RDWR | os.O_APPEND)
                self._target = os.open(self._temporary, flags, 0o644)
        except OSError as error:  # the disk is full, or the folder gone: try again when the file has grown
            self.close()
            self._next += self._limit
            return f"{self._path} can't be moved to {self._older.name}: {error}"
        return ""

    def close(self) -> None:
        """Give up a copy that has begun."""
        for descriptor in (self._source, self._target):
            if descriptor >= 0:
                os.close(descriptor)
        if self.is_copying:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
        self._source = self._target = -1

    def _is_too_long(self) -> bool:
        own = os.fstat(2)
        return own.st_size > self._next and os.path.samestat(own, self._path.stat())

    def _copy(self) -> None:
        part = os.read(self._source, _CHUNK)
        while part and len(part) < _CHUNK:  # near the end: no pause in which more would be written
            _write(self._target, part)
            part = os.read(self._source, _CHUNK)
        if part:
            _write(self._target, part)
            return
        os.ftruncate(self._source, 0)
        self._temporary.replace(self._older)
        _write(self._source, f"earlier lines: {self._older.name}\n".encode())
        self.close()
        self._next = self._limit


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
