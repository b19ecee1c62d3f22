"""Frames from any position of a journal, without reading the bytes before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import msgspec

from curricula.regular_files import open_file
from trainer_proc.contract.journal_records import decode_records, first_record, record_around
from trainer_proc.contract.messages import Body, Frame

_PIECE = 1024 * 1024
_BEFORE_KIND = 64
"""Most bytes of a record before the name of its body's kind; about 40 in practice."""
_SMALLEST_WINDOW, _LARGEST_WINDOW = 4096, 4096 * 16**3
"""Bytes around a position that are searched for its record; the larger one is that of the largest record."""


class JournalSamples:
    """A journal up to its size at creation. Methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_file(path)
        self.size = os.fstat(self._file.fileno()).st_size

    def __enter__(self) -> JournalSamples:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def head(self, length: int) -> tuple[list[Frame], int]:
        """Return the whole frames in the first `length` bytes, and where they end. Raises `JournalUnreadable`."""
        return decode_records(self._read(0, length), self._path, 0)

    def between(self, start: int, stop: int) -> list[Frame]:
        """Return the frames wholly within these bytes; `start` is any position. Raises `JournalUnreadable`."""
        data = self._read(start, stop)
        first = first_record(data)
        return [] if first is None else decode_records(data[first:], self._path, start + first)[0]

    def find(self, kind: type[Body], start: int, stop: int) -> list[Frame]:
        """Return the frames of one kind of body within these bytes, without decoding the others."""
        name = msgspec.msgpack.encode(kind.__name__)
        frames = (self._frame_around(position) for position in self._positions(name, start, stop))
        return [frame for frame in frames if frame is not None and isinstance(frame.body, kind)]

    def _positions(self, text: bytes, start: int, stop: int) -> Iterator[int]:
        for begin in range(start, stop, _PIECE):
            piece = self._read(begin, min(begin + _PIECE + len(text) - 1, stop))
            position = piece.find(text)
            while position >= 0:
                yield begin + position
                position = piece.find(text, position + 1)

    def _frame_around(self, position: int) -> Frame | None:
        """Return the frame of the record around `position`; None if not found."""
        begin = stop = max(position - _BEFORE_KIND, 0)
        window = _SMALLEST_WINDOW
        while stop < self.size:
            stop = min(begin + window, self.size)
            data = self._read(begin, stop)
            record = record_around(data, position - begin)
            if record is not None:
                return decode_records(record, self._path, begin)[0][0]
            window *= 16
            if window > _LARGEST_WINDOW:
                break
        return None

    def _read(self, start: int, stop: int) -> bytes:
        return os.pread(self._file.fileno(), stop - start, start)
