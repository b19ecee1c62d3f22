"""Iterations of a long journal as columns: found without decoding each record, and read when a chart needs them.

Records of consecutive iterations have equal lengths for as long as their numbers take as many bytes. They are a table
in the file, each field of the records is a column, and few other frames lie between. Records are compared with the
first one, and every 256th checksum is checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from trainer_proc.contract.journal_records import decode_records, is_whole_record
from trainer_proc.contract.limits import LARGEST, LATEST
from trainer_proc.contract.messages import (
    Damaged,
    Frame,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    RunStarted,
    StoredIterations,
)
from trainer_proc.contract.products import EvaluationFinished
from trainer_proc.contract.records import BIN_32, HEADER
from trainer_proc.contract.run_files import open_file

PIECE = 8 * 1024 * 1024
"""Bytes that are read at a time."""
_CHECKED_EVERY = 256
LEAST_ROWS = 64
"""A shorter table is decoded record by record."""
_FEW_PARTS, _LEAST_ROWS_OF_PART = 8, 8
_LONGEST_BETWEEN = 64 * 1024
"""Bytes of a frame that may lie in a table."""
_ENDS = IterationFinished | MetricSet | RunStarted | KnobsAvailable | EvaluationFinished | Damaged
"""Frames whose order among iterations matters, or iterations of another kind."""
_NUMBERS = {0xCC: "u1", 0xCD: ">u2", 0xCE: ">u4", 0xCF: ">u8", 0xCB: ">f8"}
_TEXTS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
"""Bytes of the length of MessagePack's `bin` types."""
_NEEDED = ("number", "time", "iteration", "values", "environment_steps", "seconds_left")
_FREE = (*_NEEDED, "checksum")
"""Fields that differ from record to record."""


@dataclass(frozen=True)
class Layout:
    """Places of the fields in a record: byte and NumPy type by name; `values` has the first of its float32."""

    record: bytes
    fields: dict[str, tuple[int, str]]
    metrics: int
    """Number of values."""
    fixed: tuple[tuple[int, str], ...]
    """Words that are the same in all records of a table: byte and NumPy type."""

    def column(self, rows: NDArray[np.uint8], name: str) -> NDArray[np.generic]:
        """Return a field of records, shape (n, record's bytes), as a view of shape (n,)."""
        start, kind = self.fields[name]
        return rows[:, start : start + np.dtype(kind).itemsize].view(kind)[:, 0]

    def values(self, rows: NDArray[np.uint8], places: Sequence[int]) -> NDArray[np.float32]:
        """Return the values at these places of all records, shape (len(places), n)."""
        start, _ = self.fields["values"]
        of_all = rows[:, start : start + 4 * self.metrics].view("<f4")
        return np.ascontiguousarray(of_all[:, list(places)].T)

    def matching(self, rows: NDArray[np.uint8]) -> int:
        """Return how many of the first records have this layout and evenly spaced iterations."""
        is_same = np.ones(len(rows), dtype=bool)
        first = np.frombuffer(self.record, np.uint8)[np.newaxis]
        for start, kind in self.fixed:
            size = np.dtype(kind).itemsize
            part, of_first = (one[:, start : start + size].view(kind)[:, 0] for one in (rows, first))
            is_same &= part == of_first
        for name, (start, kind) in self.fields.items():
            if name in _FREE and kind == "u1" and self.record[start - 1] != 0xCC:  # the number is its own marker
                is_same &= rows[:, start] < 0x80
        times = self.column(rows, "time").astype(np.float64)
        is_same &= (
            (times >= 0) & (times <= LATEST) & (self.column(rows, "environment_steps").astype(np.float64) <= LARGEST)
        )
        iterations = self.column(rows, "iteration").astype(np.int64)
        spacing = np.diff(iterations)
        is_same[1:] &= (spacing > 0) & (spacing == spacing[:1])
        count = _leading(is_same)
        is_whole = [is_whole_record(memoryview(rows[row])) for row in range(0, count, _CHECKED_EVERY)]
        return min(count, _leading(np.array(is_whole, dtype=bool)) * _CHECKED_EVERY)


def layout_of(record: bytes) -> Layout | None:
    """Return the layout of an iteration's record; None for other records, or numbers of other types."""
    fields: dict[str, tuple[int, str]] = {}
    try:
        position = _scalar(record, HEADER.size + 1, "number", fields)
        position = _scalar(record, position, "time", fields)
        keys, position = record[position] & 0x0F, position + 1
        metrics = 0
        for _ in range(keys):
            name, position = _text(record, position)
            if name == b"type":
                kind, position = _text(record, position)
                if kind != b"IterationFinished":
                    return None
            elif name == b"values":
                width = _TEXTS[record[position]]
                start = position + 1 + width
                size = int.from_bytes(record[position + 1 : start], "big")
                fields["values"], metrics, position = (start, "<f4"), size // 4, start + size
            else:
                position = _scalar(record, position, name.decode(), fields)
        if position != len(record):
            position = _scalar(record, position, "checksum", fields)
    except (KeyError, IndexError, UnicodeDecodeError):
        return None
    if position != len(record) or not {*_NEEDED, "metric_set"} <= fields.keys() or fields["time"][1] != ">f8":
        return None
    return Layout(record, fields, metrics, _fixed(fields, metrics, len(record)))


def find_table(data: bytes, position: int, path: Path, offset: int) -> tuple[StoredIterations, list[Frame], int] | None:
    """Return the table that begins with the record at `position` of `data`, the frames within, and its end.

    None if there is none. The record is at `offset` of the journal at `path`.
    """
    marker, length = HEADER.unpack_from(data, position)
    size = HEADER.size + length
    if marker != BIN_32 or position + LEAST_ROWS * size > len(data):
        return None
    if (layout := layout_of(data[position : position + size])) is None:
        return None
    parts, others = _walk(data, position, size, path)
    of_parts = [_rows(data, size, start, count) for start, count in parts]
    rows = np.concatenate(of_parts) if len(of_parts) > 1 else of_parts[0]  # usual, and saves a copy
    if (count := layout.matching(rows[:LEAST_ROWS])) == LEAST_ROWS:
        count = layout.matching(rows)
    if count < LEAST_ROWS:
        return None
    kept = _first(parts, count)
    end = kept[-1][0] + kept[-1][1] * size
    first, second = layout.column(rows[:2], "iteration").tolist()
    stored = StoredIterations(
        path=str(path),
        parts=tuple((offset - position + start, count) for start, count in kept),
        record=size,
        metric_set=int(layout.column(rows[:1], "metric_set")[0]),
        first_iteration=first,
        step=second - first,
    )
    return stored, [frame for start, frame in others if start < end], end


def _walk(data: bytes, position: int, size: int, path: Path) -> tuple[list[tuple[int, int]], list[tuple[int, Frame]]]:
    """Return the groups of records of this size from `position` on, and the frames between with their places."""
    header = data[position : position + HEADER.size]
    parts: list[tuple[int, int]] = []
    others: list[tuple[int, Frame]] = []
    total = 0
    while True:
        if count := _equal_headers(data, position, size, header):
            parts.append((position, count))
            total += count
            position += count * size
        if len(parts) > _FEW_PARTS and total < _LEAST_ROWS_OF_PART * len(parts):
            return parts, others  # a table of them would cost more than it saves
        frames, end = decode_records(data[position : _record_end(data, position)], path, 0, most=1)
        if not frames or isinstance(frames[0].body, _ENDS):
            return parts, others
        others.append((position, frames[0]))
        position += end


def _equal_headers(data: bytes, position: int, size: int, header: bytes) -> int:
    """Return how many whole records with this header follow each other."""
    count, window = 0, LEAST_ROWS
    wanted = np.frombuffer(header[1:], "u4")[0]
    while len(rows := _rows(data, size, position + count * size, window)):
        equal = _leading((rows[:, 1 : HEADER.size].view("u4")[:, 0] == wanted) & (rows[:, 0] == BIN_32))
        count += equal
        if equal < len(rows):
            break
        window *= 4
    return count


def _record_end(data: bytes, position: int) -> int:
    """Return where the record at `position` ends, if one is there and is not too long for a table."""
    if position + HEADER.size > len(data):
        return position
    length: int = HEADER.unpack_from(data, position)[1]
    return position + HEADER.size + min(length, _LONGEST_BETWEEN)


def _first(parts: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Return the parts with the first `count` (at least 1) records."""
    kept: list[tuple[int, int]] = []
    for start, of_part in parts:
        if count > 0:
            kept.append((start, min(of_part, count)))
        count -= of_part
    return kept


def without_ends(stored: StoredIterations) -> StoredIterations:
    """Return the same table without its first and its last iteration."""
    (start, count), *rest = stored.parts
    parts = [(start + stored.record, count - 1), *rest]
    parts[-1] = (parts[-1][0], parts[-1][1] - 1)
    kept = tuple((start, count) for start, count in parts if count)
    return replace(stored, parts=kept, first_iteration=stored.first_iteration + stored.step)


def iterations_of(stored: StoredIterations) -> range:
    """Return the iterations of a table."""
    return range(stored.first_iteration, stored.first_iteration + stored.count * stored.step, stored.step)


def read_values(stored: StoredIterations, places: Sequence[int]) -> NDArray[np.float32]:
    """Return the values at these places of the metric set, shape (len(places), count); NaN for what is gone."""
    values = np.full((len(places), stored.count), np.nan, dtype=np.float32)
    for first, layout, rows in _pieces(stored):
        values[:, first : first + len(rows)] = layout.values(rows, places)
    return values


def read_moments(stored: StoredIterations) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return environment steps and Unix times of a table, each of shape (count,); 0 for what is gone."""
    steps, times = np.zeros(stored.count), np.zeros(stored.count)
    for first, layout, rows in _pieces(stored):
        steps[first : first + len(rows)] = layout.column(rows, "environment_steps")
        times[first : first + len(rows)] = layout.column(rows, "time")
    return steps, times


def _pieces(stored: StoredIterations) -> Iterator[tuple[int, Layout, NDArray[np.uint8]]]:
    """Yield the records of a table in pieces, each with its first row; ends early if the file has become shorter."""
    with suppress(OSError), open_file(Path(stored.path)) as file:
        start, (last, count) = stored.parts[0][0], stored.parts[-1]
        data = os.pread(file.fileno(), last + count * stored.record - start, start)
        layout = layout_of(data[: stored.record])
        first = 0
        for place, count in stored.parts:
            rows = _rows(data, stored.record, place - start, count)
            if layout is None or len(rows) < count:
                return
            yield first, layout, rows
            first += count


def _rows(data: bytes, size: int, start: int, most: int) -> NDArray[np.uint8]:
    count = max(min((len(data) - start) // size, most), 0)
    return np.frombuffer(data, np.uint8, count * size, start if count else 0).reshape(count, size)


def _leading(is_same: NDArray[np.bool_]) -> int:
    """Return how many of the first elements are true."""
    return len(is_same) if is_same.all() else int(np.argmin(is_same))


def _scalar(record: bytes, position: int, name: str, fields: dict[str, tuple[int, str]]) -> int:
    """Note the place of a number and return its end. Raises `KeyError` for what is no number."""
    marker = record[position]
    if marker < 0x80:
        fields[name] = position, "u1"
        return position + 1
    fields[name] = position + 1, _NUMBERS[marker]
    return position + 1 + np.dtype(_NUMBERS[marker]).itemsize


def _text(record: bytes, position: int) -> tuple[bytes, int]:
    """Return a short text and its end. Raises `KeyError` for anything else."""
    if not 0xA0 <= record[position] < 0xC0:
        raise KeyError
    end = position + 1 + (record[position] & 0x1F)
    return record[position + 1 : end], end


def _fixed(fields: dict[str, tuple[int, str]], metrics: int, size: int) -> tuple[tuple[int, str], ...]:
    """Return the words that cover the bytes between the free fields; the last ones of these may overlap."""
    sizes = {name: np.dtype(kind).itemsize for name, (_, kind) in fields.items()} | {"values": 4 * metrics}
    free = sorted((fields[name][0], fields[name][0] + sizes[name]) for name in _FREE if name in fields)
    starts, stops = [0, *(stop for _, stop in free)], [*(start for start, _ in free), size]
    words: list[tuple[int, str]] = []
    for start, stop in zip(starts, stops, strict=True):
        width = next((width for width in (8, 4, 2) if width <= stop - start), 1)
        words += [(min(place, stop - width), f"u{width}") for place in range(start, stop, width)]
    return tuple(words)
