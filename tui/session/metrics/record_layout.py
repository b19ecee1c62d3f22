"""Where the fields of an iteration's record are, so that many records can be compared and read at once by NumPy.

An outline is a record without its values: the values are most of a record, and only those that are drawn are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.limits import LARGEST, LATEST
from trainer_proc.contract.records import HEADER

_NUMBERS = {0xCC: "u1", 0xCD: ">u2", 0xCE: ">u4", 0xCF: ">u8", 0xCB: ">f8"}
_TEXTS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
"""Bytes of the length of MessagePack's `bin` types."""
_NEEDED = ("number", "time", "iteration", "environment_steps", "seconds_left")
_CLOSE = 4
"""Values that lie among so many times their number are read with those between, which is faster."""
_FREE = (*_NEEDED, "checksum")
"""Fields that differ from record to record."""


@dataclass(frozen=True)
class Layout:
    """Places of the fields in a record, shared by all records of a table."""

    outline: bytes
    """That of the table's first record."""
    values: int
    """First byte of the values in a record, each a little-endian float32."""
    metrics: int
    """Number of values."""
    fields: dict[str, tuple[int, str]]
    """The other numbers by name: byte in the outline and NumPy type."""
    fixed: tuple[tuple[int, str], ...]
    """Words of the outline that are the same in all records of a table: byte and NumPy type."""

    def outlines(self, data: bytes, starts: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the outlines, shape (n, bytes), of the records that start at `starts`, shape (n,), of `data`."""
        behind = len(self.outline) - self.values
        outlines = np.empty((len(starts), len(self.outline)), dtype=np.uint8)
        outlines[:, : self.values] = _parts(data, starts, self.values)
        outlines[:, self.values :] = _parts(data, starts + (self.values + 4 * self.metrics), behind)
        return outlines

    def column(self, outlines: NDArray[np.uint8], name: str) -> NDArray[np.generic]:
        """Return a field of all outlines as a view of shape (n,)."""
        return _words(outlines, *self.fields[name])

    def read(self, data: bytes, starts: NDArray[np.int64], places: Sequence[int]) -> NDArray[np.float32]:
        """Return the values at these places of the records at `starts`, shape (len(places), n)."""
        first = min(places, default=0)
        width = max(places, default=0) - first + 1
        if width > _CLOSE * len(places):
            at_each_byte = np.ndarray((len(data) - 3,), "<f4", data, 0, (1,))
            far: NDArray[np.float32] = at_each_byte[
                (4 * np.array(places, dtype=np.int64) + self.values)[:, None] + starts
            ]
            return far
        rows = _parts(data, starts + (4 * first + self.values), 4 * width).view("<f4")
        return np.ascontiguousarray(rows[:, [place - first for place in places]].T)

    def matching(self, outlines: NDArray[np.uint8]) -> int:
        """Return how many of the first outlines have this layout and evenly spaced iterations."""
        first = np.frombuffer(self.outline, np.uint8)[np.newaxis]
        is_same = np.ones(len(outlines), dtype=bool)
        for start, kind in self.fixed:
            is_same &= _words(outlines, start, kind) == _words(first, start, kind)
        for name, (start, kind) in self.fields.items():
            if name in _FREE and kind == "u1" and self.outline[start - 1] != 0xCC:  # the number is its own marker
                is_same &= outlines[:, start] < 0x80
        times = self.column(outlines, "time").astype(np.float64)
        steps = self.column(outlines, "environment_steps").astype(np.float64)
        is_same &= (times >= 0) & (times <= LATEST) & (steps <= LARGEST)
        spacing = np.diff(self.column(outlines, "iteration").astype(np.int64))
        is_same[1:] &= (spacing > 0) & (spacing == spacing[:1])
        return leading(is_same)


def layout_of(record: bytes) -> Layout | None:
    """Return the layout of an iteration's record; None for other records, or numbers of other types."""
    fields: dict[str, tuple[int, str]] = {}
    values = size = 0
    try:
        position = _scalar(record, HEADER.size + 1, "number", fields)
        position = _scalar(record, position, "time", fields)
        keys, position = record[position] & 0x0F, position + 1
        for _ in range(keys):
            name, position = _text(record, position)
            if name == b"type":
                kind, position = _text(record, position)
                if kind != b"IterationFinished":
                    return None
            elif name == b"values":
                width = _TEXTS[record[position]]
                values = position + 1 + width
                size = int.from_bytes(record[position + 1 : values], "big") // 4 * 4
                position = values + int.from_bytes(record[position + 1 : values], "big")
            else:
                position = _scalar(record, position, name.decode(), fields)
        if position != len(record):
            position = _scalar(record, position, "checksum", fields)
    except (KeyError, IndexError, UnicodeDecodeError):
        return None
    if position != len(record) or not values or not {*_NEEDED, "metric_set"} <= fields.keys():
        return None
    if fields["time"][1] != ">f8":
        return None
    of_outline = {name: (at if at < values else at - size, kind) for name, (at, kind) in fields.items()}
    outline = record[:values] + record[values + size :]
    return Layout(outline, values, size // 4, of_outline, _fixed(of_outline, len(outline)))


def leading(is_same: NDArray[np.bool_]) -> int:
    """Return how many of the first elements are true."""
    return len(is_same) if is_same.all() else int(np.argmin(is_same))


def _parts(data: bytes, starts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return `size` bytes from each of `starts` on, shape (n, size); far faster than NumPy's indices of bytes."""
    at_each_byte = np.ndarray((len(data) - size + 1,), f"V{size}", data, 0, (1,))
    return at_each_byte[starts].view(np.uint8).reshape(len(starts), size)


def _words(rows: NDArray[np.uint8], start: int, kind: str) -> NDArray[np.generic]:
    return rows[:, start : start + np.dtype(kind).itemsize].view(kind)[:, 0]


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


def _fixed(fields: dict[str, tuple[int, str]], size: int) -> tuple[tuple[int, str], ...]:
    """Return the words that cover the bytes of an outline between the free fields; some may overlap."""
    free = sorted((at, at + np.dtype(kind).itemsize) for name, (at, kind) in fields.items() if name in _FREE)
    starts, stops = [0, *(stop for _, stop in free)], [*(start for start, _ in free), size]
    words: list[tuple[int, str]] = []
    for start, stop in zip(starts, stops, strict=True):
        width = next((width for width in (8, 4, 2) if width <= stop - start), 1)
        words += [(min(place, stop - width), f"u{width}") for place in range(start, stop, width)]
    return tuple(words)
