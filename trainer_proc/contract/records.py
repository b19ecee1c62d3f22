"""Files of records: journals and rollouts.

Each record is one MessagePack `bin 32` object: 0xc6, the length as 4 big-endian bytes, the content. Any MessagePack
library can walk such a file, and a record that a crash has cut off is detected.
Format: https://github.com/msgpack/msgpack/blob/master/spec.md#bin-format-family
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap

HEADER = struct.Struct(">BI")
"""Marker and length."""
BIN_32 = 0xC6
_read_header = HEADER.unpack_from
_LARGEST = 64 * 1024 * 1024
"""Bytes; a longer record is damage."""


class RecordDamaged(ValueError):
    """No record begins where the last one has ended."""


def record_of(content: bytes) -> bytes:
    """Return the record that has `content`."""
    return HEADER.pack(BIN_32, len(content)) + content


def contents(data: bytes | mmap) -> Iterator[tuple[memoryview, int]]:
    """Yield content and end of each complete record in `data`, which begins with one. Raises `RecordDamaged`."""
    view = memoryview(data)
    position, last_header = 0, len(data) - HEADER.size
    while position <= last_header:  # fast path: a long run has 100,000s of frames
        marker, length = _read_header(data, position)
        if marker != BIN_32 or length > _LARGEST:
            raise RecordDamaged
        begin, position = position + HEADER.size, position + HEADER.size + length
        if position > len(data):
            return
        yield view[begin:position], position
