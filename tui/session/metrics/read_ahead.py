"""Reads a long file in pieces, each by a second thread while the piece before is looked at."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType


class ReadAhead:
    """Pieces of one file in order; used in a `with`, within which the file stays open."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Read pieces of `size` bytes; the last one has fewer."""
        self._descriptor = descriptor
        self._size = size
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._next: tuple[int, Future[bytes]] | None = None

    def piece(self, offset: int) -> tuple[int, bytes]:
        """Return a piece with the byte at `offset`, and where it starts: there or shortly before.

        A piece is empty at the end of the file. Raises `OSError`.
        """
        start, data = offset, b""
        if self._next is not None and self._next[0] <= offset:
            start, data = self._next[0], self._next[1].result()
        if start + len(data) <= offset:
            start, data = offset, os.pread(self._descriptor, self._size, offset)
        following = start + self._size - self._size // 32  # nobody knows yet where the last record of this piece starts
        self._next = following, self._thread.submit(os.pread, self._descriptor, self._size, following)
        return start, data

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown()
