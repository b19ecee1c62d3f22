"""Reads a long file in pieces, each by a second thread while the piece before is looked at."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue
from types import TracebackType


class ReadAhead:
    """Pieces of one file in order; used in a `with`, within which the file stays open."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Read pieces of `size` bytes; the last one has fewer."""
        self._descriptor = descriptor
        self._size = size
        self._next: int | None = None
        """Where the piece that is read ahead starts; None before the first."""
        self._asked: SimpleQueue[int | None] = SimpleQueue()
        self._read: SimpleQueue[bytes | OSError] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)  # pools end too early

    def piece(self, offset: int) -> tuple[int, bytes]:
        """Return a piece with the byte at `offset`, and where it starts: there or shortly before.

        Offsets never decrease. A piece is empty at the end of the file. Raises `OSError`.
        """
        start, data = offset, b""
        if self._next is None:
            self._thread.start()
        elif isinstance(read := self._read.get(), OSError):
            raise read
        else:
            start, data = self._next, read
        if not start <= offset < start + len(data):
            start, data = offset, os.pread(self._descriptor, self._size, offset)
        self._next = start + self._size - self._size // 32  # nobody knows yet where this piece's last record starts
        self._asked.put(self._next)
        return start, data

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (offset := self._asked.get()) is not None:
            try:
                self._read.put(os.pread(self._descriptor, self._size, offset))
            except OSError as error:
                self._read.put(error)
