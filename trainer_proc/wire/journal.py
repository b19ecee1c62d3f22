"""The journal: every frame of a run, in order, in one file.

Each frame is stored as one MessagePack `bin 32` object (0xc6, length as 4 big-endian bytes, the frame's bytes),
so that any MessagePack library can walk the file and a frame that was cut off by a crash is recognised.
Format: https://github.com/msgpack/msgpack/blob/master/spec.md#bin-format-family
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

import msgspec

from trainer_proc.wire.codec import decode_frame
from trainer_proc.wire.messages import Frame

_HEADER = struct.Struct(">BI")
_BIN_32 = 0xC6
_LARGEST_FRAME = 64 * 1024 * 1024


class JournalDamaged(Exception):
    """The journal's bytes are no frames; the message names the file and the offset."""


class JournalWriter:
    """Appends frames to a journal. Opening one cuts off a torn last frame."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path`. Raises `JournalDamaged` or `OSError`."""
        reader = JournalReader(path)
        frames = reader.read_new()
        self.next_number = frames[-1].number + 1 if frames else 0
        self._file: IO[bytes] = open(path, "ab", buffering=0)  # noqa: SIM115 (kept open for the writer's life)
        self._end = reader.offset
        self._file.truncate(self._end)

    def append(self, frame_bytes: bytes) -> None:
        """Write one frame. Raises `OSError`, and then leaves nothing of it behind."""
        record = _HEADER.pack(_BIN_32, len(frame_bytes)) + frame_bytes
        try:
            if self._file.write(record) != len(record):
                raise OSError("the disk took only a part of a frame")
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(record)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class JournalReader:
    """Reads a journal that may still grow: each `read_new` returns the frames written since the last."""

    def __init__(self, path: Path) -> None:
        """Remember `path`; it need not exist yet."""
        self.path = path
        self.offset = 0

    def read_new(self) -> list[Frame]:
        """Return the whole frames since the last call; a torn last frame waits for the next.

        Raises `JournalDamaged` where the bytes can't be frames.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        frames: list[Frame] = []
        view = memoryview(data)
        position = 0
        while position + _HEADER.size <= len(data):
            marker, length = _HEADER.unpack_from(data, position)
            if marker != _BIN_32 or length > _LARGEST_FRAME:
                raise self._damaged(position)
            end = position + _HEADER.size + length
            if end > len(data):
                break
            try:
                frames.append(decode_frame(view[position + _HEADER.size : end]))
            except msgspec.DecodeError as error:
                raise self._damaged(position) from error
            position = end
        self.offset += position
        return frames

    def _damaged(self, position: int) -> JournalDamaged:
        return JournalDamaged(
            f"{self.path} is damaged at byte {self.offset + position}: it was written by another program or version"
        )
