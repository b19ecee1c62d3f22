"""A reader of long journals that leaves most iterations where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from curricula.regular_files import open_file
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.journal_records import decode_records
from trainer_proc.contract.messages import Frame, MetricSet
from trainer_proc.contract.records import HEADER
from tui.session.metrics.journal_columns import LEAST_ROWS, PIECE, find_table, with_columns, without_ends
from tui.session.metrics.read_ahead import ReadAhead

_LEAST_BYTES = PIECE
"""Less is read record by record."""
_SLICE = 64 * 1024
"""Bytes that are decoded before another look for a table."""


class ColumnReader(JournalReader):
    """Reads as `JournalReader`, with `StoredIterations` for long tables; first and last record of each are frames."""

    def __init__(self, path: Path, at_once: Callable[[str], bool] | None = None) -> None:
        """Read the values of metrics whose names are `at_once` with the tables: later, it takes another pass."""
        super().__init__(path)
        self._at_once = at_once
        self._places: dict[int, list[int]] = {}
        """Places of those metrics by metric set."""

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
                table = without_ends(stored)
                if places := self._places.get(table.metric_set):
                    table = with_columns(table, places, data, start)
                frames += [first, replace(first, body=table), *others, last]
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
            self._take_names(decoded)
            position += end
        return frames, start + position

    def _take_names(self, frames: list[Frame]) -> None:
        if self._at_once is None:
            return
        for body in (frame.body for frame in frames):
            if isinstance(body, MetricSet):
                self._places[body.id] = [place for place, name in enumerate(body.names) if self._at_once(name)]

    def _decoded(self, data: bytes, offset: int, before: Frame | None) -> tuple[list[Frame], int]:
        return decode_records(data, self.path, offset, before)
