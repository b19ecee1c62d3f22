"""A reader of long journals that leaves most iterations where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec.structs import replace

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.journal_records import decode_records
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.records import HEADER
from trainer_proc.contract.run_files import open_file
from tui.session.metrics.journal_columns import LEAST_ROWS, PIECE, find_table, without_ends
from tui.session.metrics.read_ahead import ReadAhead

_LEAST_BYTES = PIECE
"""Less is read record by record."""
_SLICE = 64 * 1024
"""Bytes that are decoded before another look for a table."""


class ColumnReader(JournalReader):
    """Reads as `JournalReader`, with `StoredIterations` for long tables; first and last record of each are frames."""

    def read_pieces(self) -> Iterator[list[Frame]]:
        try:
            file = open_file(self.path)
        except FileNotFoundError:
            return
        with file, ReadAhead(file.fileno(), PIECE) as ahead:
            is_long = os.fstat(file.fileno()).st_size - self.offset > _LEAST_BYTES
            while is_long and os.fstat(file.fileno()).st_size - self.offset > _SLICE:
                start, data = ahead.piece(self.offset)
                frames, end = self._split(data, start)
                if not frames:
                    break  # the record is longer
                self.offset = end
                self._last = frames[-1]
                yield frames
        yield from super().read_pieces()

    def _split(self, data: bytes, start: int) -> tuple[list[Frame], int]:
        """Return the frames from `offset` on in `data`, which is at `start` of the journal, and the last one's end."""
        frames: list[Frame] = []
        position = self.offset - start
        while position + HEADER.size <= len(data):
            if (found := find_table(data, position, self.path, start + position)) is not None:
                stored, others, end = found
                first, last = (
                    self._decoded(data[place : place + stored.record], start + place, None)[0][0]
                    for place in (position, end - stored.record)
                )
                frames += [first, replace(first, body=without_ends(stored)), *others, last]
                position = end
                if len(data) == PIECE and len(data) - end < LEAST_ROWS * stored.record:
                    break  # a part of the next table
                continue
            before = frames[-1] if frames else self._last
            decoded, end = self._decoded(data[position : position + _SLICE], start + position, before)
            if not end:  # a longer record
                decoded, end = self._decoded(data[position:], start + position, before)
            if not end:
                break
            frames += decoded
            position += end
        return frames, start + position

    def _decoded(self, data: bytes, offset: int, before: Frame | None) -> tuple[list[Frame], int]:
        return decode_records(data, self.path, offset, before)
