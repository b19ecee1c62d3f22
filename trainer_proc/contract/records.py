"""Files of records: journals and rollouts.

Each record is one MessagePack `bin 32` object: 0xc6, the length as 4 big-endian bytes, the content. Any MessagePack
library can walk such a file, and a record that a crash has cut off is detected.
Format: https://github.com/msgpack/msgpack/blob/master/spec.md#bin-format-family
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

import msgspec

HEADER = struct.Struct(">BI")
"""Marker and length."""
BIN_32 = 0xC6
_read_header = HEADER.unpack_from
_LARGEST = 64 * 1024 * 1024
"""Bytes; a longer record is damage."""

_Content = TypeVar("_Content")


class RecordDamaged(ValueError):
    """At byte `position` no record begins, or its content can't be decoded."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def record_of(content: bytes) -> bytes:
    """Return the record that has `content`."""
    return HEADER.pack(BIN_32, len(content)) + content


def decode_contents(data: bytes, decode: Callable[[memoryview], _Content]) -> tuple[list[_Content], int]:
    """Return the decoded contents of the complete records that `data` begins with, and the end of the last of them.

    Raises `RecordDamaged`, also where `decode` raises `msgspec.DecodeError`.
    """
    contents: list[_Content] = []
    view = memoryview(data)
    position, last_header = 0, len(data) - HEADER.size
    while position <= last_header:  # fast path: a long run has 100,000s of frames
        marker, length = _read_header(data, position)
        if marker != BIN_32 or length > _LARGEST:
            raise RecordDamaged(position)
        end = position + HEADER.size + length
        if end > len(data):
            break
        try:
            contents.append(decode(view[position + HEADER.size : end]))
        except msgspec.DecodeError as error:
            raise RecordDamaged(position) from error
        position = end
    return contents, position
