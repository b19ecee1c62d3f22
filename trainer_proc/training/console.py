"""The trainer's standard output and error, which a full disk silences and never turns into an error of the training."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class _PatientOutput(io.RawIOBase):
    """A file descriptor for writing; text that can't be written is dropped, and counted in the next line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dropped = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        content = bytes(data)
        note = f"\n[console] {self._dropped} bytes could not be written here\n".encode() if self._dropped else b""
        try:
            written = os.write(self._descriptor, note + content) - len(note)
        except OSError:
            written = 0
        if written <= 0:
            self._dropped += len(content)
            return len(content)
        self._dropped = 0
        return written


def keep_printing() -> None:
    """Replace `sys.stdout` and `sys.stderr` by streams whose `write` and `flush` never raise `OSError`."""
    sys.stdout, sys.stderr = _patient(sys.stdout, 1), _patient(sys.stderr, 2)


def _patient(stream: Any, descriptor: int) -> io.TextIOWrapper:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    raw = io.BufferedWriter(_PatientOutput(descriptor))
    return io.TextIOWrapper(raw, encoding, errors="backslashreplace", line_buffering=True)
