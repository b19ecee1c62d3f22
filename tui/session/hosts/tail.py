"""What both ends know of a growing file: how much was sent, and whether that is still its beginning."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

from curricula.regular_files import open_file
from tui.session.hosts.protocol import Piece

_COMPARED = 4096
"""Bytes before the end that are compared: a record that was cut off and written again differs there."""
_PIECE = 512 * 1024


def tail_of(path: Path) -> str:
    """Return size and digest of the end of a file, as `SentFile` takes them."""
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            return f"{size}:{_digest(file, size)}"
    except OSError:
        return "0:"


class SentFile:
    """A file of a run, from where the other end has it."""

    def __init__(self, path: Path, tail: str) -> None:
        """`tail` is the other end's `tail_of`; if it is not of this file, all is sent again."""
        self._path = path
        offset, _, self._digest = tail.partition(":")
        self._offset = int(offset) if offset.isdecimal() else 0

    def next_piece(self) -> Piece | None:
        """Return what the other end lacks next; None if it has all. Raises `OSError`."""
        try:
            file = open_file(self._path)
        except FileNotFoundError:
            return None
        with file:
            size = os.fstat(file.fileno()).st_size
            is_void = bool(self._offset) and (size < self._offset or _digest(file, self._offset) != self._digest)
            if is_void:
                self._offset = 0
            elif size == self._offset:
                return None
            file.seek(self._offset)
            piece = Piece(self._path.name, self._offset, file.read(_PIECE))  # type: ignore[arg-type]
            if not piece.data and not is_void:
                return None
            self._offset += len(piece.data)
            self._digest = _digest(file, self._offset)
        return piece


def _digest(file: IO[bytes], end: int) -> str:
    start = max(end - _COMPARED, 0)
    file.seek(start)
    return hashlib.sha256(file.read(end - start)).hexdigest()[:32] if end else ""
