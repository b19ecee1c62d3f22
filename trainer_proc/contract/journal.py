"""The journal: every frame of a run, in order, in one file of `records`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from curricula.regular_files import open_file
from trainer_proc.contract.journal_records import decode_records, sealed_record
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.records import RecordDamaged, contents
from trainer_proc.contract.stand_ins import Damaged

_PIECE = 1024 * 1024
"""Bytes that are read at a time."""


class JournalWriter:
    """Appends frames to a journal, which is created or opened; opening cuts off an incomplete last frame.

    Damaged stretches stay, and readers skip them. Raises `JournalUnreadable` or `OSError`.
    """

    def __init__(self, path: Path) -> None:
        reader = JournalReader(path)
        self.next_number = 0
        for frames in reader.read_pieces():
            self.next_number = max(
                self.next_number, *(f.number + 1 for f in frames if not isinstance(f.body, Damaged)), 0
            )
        self._file: IO[bytes] = open(path, "ab", buffering=0)  # noqa: SIM115 (kept open for the writer's life)
        self._end = reader.offset
        self._file.truncate(self._end)

    def append(self, frame_bytes: bytes) -> None:
        """Write one frame with its checksum, completely or not at all. Raises `OSError` or `FrameTooLarge`."""
        record = sealed_record(frame_bytes)
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
        self._last: Frame | None = None

    def read_new(self, most_pieces: int | None = None) -> list[Frame]:
        """Return the complete frames since the last call; an incomplete last frame is left to the next call.

        Frames with `Damaged` stand for what can't be read. `most_pieces` limits the read to that many MiB; the rest is
        left to the next call. Raises `ProtocolTooNew` or `OSError`.
        """
        return [frame for frames in islice(self.read_pieces(), most_pieces) for frame in frames]

    def skip_before(self, number: int) -> bool:
        """Leave out the frames before `number`; return whether it comes next. False where damage is in between.

        Almost no frame is decoded. Raises `ProtocolTooNew` or `OSError`.
        """
        with open_file(self.path) as file:
            while self._last is None or self._last.number < number - 1:
                file.seek(self.offset)
                data = file.read(_PIECE)
                try:
                    starts = [0, *(end for _, end in contents(data))]
                except RecordDamaged:
                    return False
                if not self._skip_in(data, starts, number):
                    return False
        return self._last.number == number - 1

    def _skip_in(self, data: bytes, starts: list[int], number: int) -> bool:
        """Leave out the records of `data` before the frame `number`; return whether there were any."""
        low, high = 0, len(starts) - 1  # those before `low` come before the frame, those from `high` on do not
        last = self._last
        while low < high:
            middle = high - 1 if low == 0 and high == len(starts) - 1 else (low + high) // 2
            frames, _ = decode_records(data[starts[middle] : starts[middle + 1]], self.path, 0, most=1)
            if not frames or isinstance(frames[0].body, Damaged):
                return False
            if frames[0].number < number:
                low, last = middle + 1, frames[0]
            else:
                high = middle
        self.offset += starts[low]
        self._last = last
        return low > 0

    def read_pieces(self) -> Iterator[list[Frame]]:
        """Yield the frames that `read_new` returns, about 1 MiB at a time, to save memory."""
        try:
            file = open_file(self.path)
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            rest = b""
            while piece := file.read(_PIECE):
                data = rest + piece
                frames, end = decode_records(data, self.path, self.offset, self._last)
                rest = data[end:]
                self.offset += end
                if frames:
                    self._last = frames[-1]
                    yield frames
