"""Iterations of a long journal as columns: found without decoding each record, and read when a chart needs them.

Records of consecutive iterations have equal lengths for as long as their numbers take as many bytes. They are a table
in the file, each field of the records is a column, and few other frames lie between. Records are compared with the
first one, and every 256th checksum is checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from curricula.regular_files import open_file
from trainer_proc.contract.journal_records import decode_records, is_whole_record
from trainer_proc.contract.messages import Frame, IterationFinished, KnobsAvailable, MetricSet, RunStarted
from trainer_proc.contract.products import EvaluationFinished
from trainer_proc.contract.records import BIN_32, HEADER
from trainer_proc.contract.stand_ins import Damaged, StoredIterations
from tui.session.metrics.record_layout import Layout, layout_of, leading

Result = TypeVar("Result")
_Records: TypeAlias = tuple[Layout, bytes, NDArray[np.int64]]
"""Layout of a table's records, bytes of the journal, and where each record starts in them."""
PIECE = 24 * 1024 * 1024
"""Bytes that are read at a time. The C library returns blocks of 32 MiB at once; new ones cost more than reading."""
_READERS = 3
"""Threads; each has a piece in memory."""
_CHECKED_EVERY = 256
LEAST_ROWS = 64
"""A shorter table is decoded record by record."""
_FEW_PARTS, _LEAST_ROWS_OF_PART = 8, 8
_LONGEST_BETWEEN = 64 * 1024
"""Bytes of a frame that may lie in a table."""
_ENDS = IterationFinished | MetricSet | RunStarted | KnobsAvailable | EvaluationFinished | Damaged
"""Frames whose order among iterations matters, or iterations of another kind."""


class ReadIterations(StoredIterations, frozen=True, eq=False):
    """A table with the values of some metrics, which were read when it was found."""

    columns: dict[int, NDArray[np.float32]]
    """Values of all iterations, shape (count,), by place in the metric set."""


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
    starts = _starts(parts, size)
    if (count := _whole_rows(data, starts[:LEAST_ROWS], size, layout)) == LEAST_ROWS:
        count = _whole_rows(data, starts, size, layout)
    if count < LEAST_ROWS:
        return None
    kept = _first(parts, count)
    end = kept[-1][0] + kept[-1][1] * size
    two = layout.outlines(data, starts[:2])
    first, second = layout.column(two, "iteration").tolist()
    stored = StoredIterations(
        path=str(path),
        parts=tuple((offset - position + start, count) for start, count in kept),
        record=size,
        metric_set=int(layout.column(two, "metric_set")[0]),
        first_iteration=first,
        step=second - first,
    )
    return stored, [frame for start, frame in others if start < end], end


def _whole_rows(data: bytes, starts: NDArray[np.int64], size: int, layout: Layout) -> int:
    """Return how many of the first records belong to one table and are not known to be damaged."""
    count = layout.matching(layout.outlines(data, starts))
    checked = starts[:count:_CHECKED_EVERY].tolist()
    is_whole = [is_whole_record(memoryview(data)[start : start + size]) for start in checked]
    return min(count, leading(np.array(is_whole, dtype=bool)) * _CHECKED_EVERY)


def _walk(data: bytes, position: int, size: int, path: Path) -> tuple[list[tuple[int, int]], list[tuple[int, Frame]]]:
    """Return the groups of records of this size from `position` on, and the frames between with their places."""
    header = data[position : position + HEADER.size]
    parts: list[tuple[int, int]] = []
    others: list[tuple[int, Frame]] = []
    total = count = 0
    while True:
        if count := _equal_headers(data, position, size, header, count):
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


def _equal_headers(data: bytes, position: int, size: int, header: bytes, guess: int) -> int:
    """Return how many whole records with this header follow each other; `guess` is tried first.

    Where only the last one of the guess has been looked at, `Layout.matching` looks at all headers.
    """
    behind = position + guess * size
    if guess and behind <= len(data) and data.startswith(header, behind - size) and not data.startswith(header, behind):
        return guess
    count, window = 0, LEAST_ROWS
    while (whole := min((len(data) - position) // size - count, window)) > 0:
        start = position + count * size
        stop = start + whole * size
        of_each_byte = (data[start + place : stop : size] for place in range(HEADER.size))  # faster than NumPy for few
        equal = min(whole - len(column.lstrip(header[n : n + 1])) for n, column in enumerate(of_each_byte))
        count += equal
        if equal < whole:
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


def _starts(parts: Sequence[tuple[int, int]], size: int) -> NDArray[np.int64]:
    """Return where each record of these parts starts, shape (n,)."""
    first, counts = np.array(parts, dtype=np.int64).T
    before = np.cumsum(counts) - counts
    starts: NDArray[np.int64] = np.repeat(first - before * size, counts) + size * np.arange(counts.sum())
    return starts


def without_ends(stored: StoredIterations) -> StoredIterations:
    """Return the same table without its first and its last iteration."""
    (start, count), *rest = stored.parts
    parts = [(start + stored.record, count - 1), *rest]
    parts[-1] = (parts[-1][0], parts[-1][1] - 1)
    kept = tuple((start, count) for start, count in parts if count)
    return replace(stored, parts=kept, first_iteration=stored.first_iteration + stored.step)


def with_columns(stored: StoredIterations, places: Sequence[int], data: bytes, start: int) -> ReadIterations:
    """Return the same table with its values at these places, from `data`, which is at `start` of the journal."""
    starts = _starts(stored.parts, stored.record) - start
    layout = layout_of(data[starts[0] : starts[0] + stored.record])
    columns = _read(stored.count, places, (layout, data, starts) if layout is not None else None)
    return ReadIterations(**asdict(stored), columns=dict(zip(places, columns, strict=True)))


def without_columns(stored: StoredIterations) -> StoredIterations:
    """Return the table alone: to keep it keeps no values."""
    return StoredIterations(**{name: getattr(stored, name) for name in StoredIterations.__struct_fields__})


def iterations_of(stored: StoredIterations) -> range:
    """Return the iterations of a table."""
    return range(stored.first_iteration, stored.first_iteration + stored.count * stored.step, stored.step)


def read_each(read: Callable[[StoredIterations], Result], tables: Iterable[StoredIterations]) -> list[Result]:
    """Return what `read` returns for each table; several are read at a time."""
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(read, tables))


def read_values(stored: StoredIterations, places: Sequence[int]) -> NDArray[np.float32]:
    """Return the values at these places of the metric set, shape (len(places), count); NaN for what is gone."""
    return _read(stored.count, places, _records(stored))


def _read(count: int, places: Sequence[int], found: _Records | None) -> NDArray[np.float32]:
    values = np.full((len(places), count), np.nan, dtype=np.float32)
    if found is not None:
        layout, data, starts = found
        known = [column for column, place in enumerate(places) if place < layout.metrics]  # all, if still the same file
        values[known, : len(starts)] = layout.read(data, starts, [places[column] for column in known])
    return values


def read_moments(stored: StoredIterations) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return environment steps and Unix times of a table, each of shape (count,); 0 for what is gone."""
    steps, times = np.zeros(stored.count), np.zeros(stored.count)
    if (found := _records(stored)) is not None:
        layout, data, starts = found
        outlines = layout.outlines(data, starts)
        steps[: len(starts)] = layout.column(outlines, "environment_steps")
        times[: len(starts)] = layout.column(outlines, "time")
    return steps, times


def _records(stored: StoredIterations) -> _Records | None:
    """Return the records of a table and where each starts, fewer if the file has become shorter; None if it is gone."""
    begin, (last, count) = stored.parts[0][0], stored.parts[-1]
    with suppress(OSError), open_file(Path(stored.path)) as file:
        data = os.pread(file.fileno(), last + count * stored.record - begin, begin)
        starts = _starts(stored.parts, stored.record) - begin
        if (layout := layout_of(data[: stored.record])) is not None:
            return layout, data, starts[: np.searchsorted(starts, len(data) - stored.record, side="right")]
    return None
