"""The journal: every frame of a run, in order, in one file of `records`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec

from trainer_proc.contract.codec import decode_frame
from trainer_proc.contract.errors import JournalDamaged, ProtocolTooNew
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.records import BIN_32, HEADER, RecordDamaged, contents, record_of

_MARKER = bytes([BIN_32])
_PIECE = 1024 * 1024
"""Bytes that are read at a time."""


class JournalWriter:
    """Appends frames to a journal, which is created or opened; opening cuts off an incomplete last frame.

    Raises `JournalUnreadable` or `OSError`.
    """

    def __init__(self, path: Path) -> None:
        reader = JournalReader(path)
        self.next_number = 0
        for frames in reader.read_pieces():
            self.next_number = frames[-1].number + 1
        self._file: IO[bytes] = open(path, "ab", buffering=0)  # noqa: SIM115 (kept open for the writer's life)
        self._end = reader.offset
        self._file.truncate(self._end)

    def append(self, frame_bytes: bytes) -> None:
        """Write one frame, completely or not at all. Raises `OSError`."""
        record = record_of(frame_bytes)
        try:
            if self._file.write(record) != len(record):
                raise OSError("only a part of a frame was written")
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(record)

    def close(self) -> None:
        self._file.close()


class JournalReader:
    """Reads a journal that may still grow, and may not exist yet, from where the last read ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        """Bytes that were read."""

    def read_new(self, most_pieces: int | None = None) -> list[Frame]:
        """Return the complete frames since the last call; an incomplete last frame is left to the next call.

        `most_pieces` limits the read to that many MiB; the rest is left to the next call. Raises `JournalDamaged`,
        `ProtocolTooNew` or `OSError`.
        """
        return [frame for frames in islice(self.read_pieces(), most_pieces) for frame in frames]

    def read_pieces(self) -> Iterator[list[Frame]]:
        """Yield the frames that `read_new` returns, about 1 MiB at a time, to save memory."""
        try:
            file = open(self.path, "rb")  # noqa: SIM115 (the with statement below closes it)
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            rest = b""
            while piece := file.read(_PIECE):
                data = rest + piece
                frames, end = decode_records(data, self.path, self.offset)
                rest = data[end:]
                self.offset += end
                if frames:
                    yield frames


def decode_records(data: bytes, path: Path, offset: int) -> tuple[list[Frame], int]:
    """Return the complete frames in `data`, which begins with a record, and the end of the last of them in `data`.

    `path` and `offset` are the origin of `data`, for messages. Raises `JournalUnreadable`.
    """
    frames: list[Frame] = []
    position = 0
    try:
        for content, end in contents(data):
            frames.append(decode_frame(content))
            position = end
    except (RecordDamaged, msgspec.DecodeError) as error:
        place = f"{path} is damaged at byte {offset + position}"
        raise JournalDamaged(f"{place}: cut off or written by another program") from error
    except ProtocolTooNew as error:
        raise ProtocolTooNew(error.protocol, str(path)) from None
    return frames, position


def first_record(data: bytes) -> int | None:
    """Return the start of the first complete record in `data`, which may begin anywhere; None if there is none."""
    return next((start for start, _ in _records(data)), None)


def record_around(data: bytes, position: int) -> bytes | None:
    """Return the complete record around the byte at `position`, None if `data` has none."""
    before = [(start, end) for start, end in _records(data, position + 1) if end > position]
    return data[slice(*before[-1])] if before else None


def _records(data: bytes, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield start and end of records before `stop`: a frame that decodes, followed by a record or the end."""
    position = data.find(_MARKER, 0, stop)
    while 0 <= position <= len(data) - HEADER.size:
        end = position + HEADER.size + HEADER.unpack_from(data, position)[1]
        if end == len(data) or (end < len(data) and data[end] == BIN_32):
            with contextlib.suppress(msgspec.DecodeError):
                decode_frame(data[position + HEADER.size : end])
                yield position, end
        position = data.find(_MARKER, position + 1, stop)
