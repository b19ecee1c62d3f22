"""Records of one growing event file, in the format of TensorFlow's `tf.io.TFRecordWriter`.

A record is: length (8 bytes, little-endian), checksum of the length, data, checksum of the data. Checksums are masked
CRC-32C. The length's checksum distinguishes a damaged file from one still being written. The data's checksum is not
verified: that would take five times as long as everything else.
"""

from __future__ import annotations

import struct
from functools import cache, lru_cache
from pathlib import Path

from curricula.regular_files import open_file

_HEADER = struct.Struct("<QI")
_FRAME_BYTES = _HEADER.size + 4
"""Bytes of a record besides its data."""
_LONGEST_LENGTH = 1 << 26
"""Bytes; a longer record counts as damaged, as it would fill the memory."""
_TAIL_BYTES = 256
"""Read again each time: they differ once another file has the name."""
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected
_MASK_DELTA = 0xA282EAD8


class RecordFile:
    """Reads what was added to a file since the last read; used by one thread."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist yet."""
        self.path = path
        self.bytes_read = 0
        """End of the last whole record read."""
        self.bytes_damaged = 0
        """Unreadable bytes between records."""
        self.bytes_left = 0
        """Bytes at the end that are no record, nor the beginning of one."""
        self.beginnings = 1
        """Number of times the file was read from its beginning."""
        self._tail = b""

    def read(self, most_bytes: int) -> list[bytes]:
        """Return the data of the next whole records, of about `most_bytes` at once. Raises `OSError`.

        A file that has become shorter, or has other content where it was read before, is read from its beginning.
        """
        with open_file(self.path) as file:
            size = file.seek(0, 2)
            file.seek(max(self.bytes_read - len(self._tail), 0))
            if size < self.bytes_read or file.read(len(self._tail)) != self._tail:
                self.bytes_read = self.bytes_damaged = 0
                self._tail = b""
                self.beginnings += 1
                file.seek(0)
            data = file.read(most_bytes)
            if len(data) >= _HEADER.size and (missing := _FRAME_BYTES + _length_at(data, 0) - len(data)) > 0:
                data += file.read(missing)  # one large record, an image maybe
        return self._split(data, is_end=self.bytes_read + len(data) >= size)

    def _split(self, data: bytes, is_end: bool) -> list[bytes]:
        records: list[bytes] = []
        self.bytes_left = 0
        position, end = 0, len(data)
        while position + _HEADER.size <= end:
            length = _length_at(data, position)
            if length < 0:
                found = _next_header(data, position + 1)
                if found < 0 and is_end:
                    self.bytes_left = end - position
                    break  # nothing readable behind it yet
                found = found if found >= 0 else end - _HEADER.size + 1
                self.bytes_damaged += found - position
                position = found
                continue
            after = position + _FRAME_BYTES + length
            if after > end:
                break  # still being written
            records.append(data[position + _HEADER.size : after - 4])
            position = after
        self.bytes_read += position
        self._tail = (self._tail + data[max(position - _TAIL_BYTES, 0) : position])[-_TAIL_BYTES:]
        return records


def _length_at(data: bytes, position: int) -> int:
    """Return the length of the record with its header at `position`; -1 if there is none."""
    length, checksum = _HEADER.unpack_from(data, position)
    return length if length < _LONGEST_LENGTH and masked_checksum(length.to_bytes(8, "little")) == checksum else -1


def _next_header(data: bytes, start: int) -> int:
    """Return the position of the next header from `start` on; -1 if there is none."""
    while (zeros := data.find(b"\0\0\0\0", start + 4)) >= 0:  # the upper half of a length
        start = zeros - 4
        if start + _HEADER.size > len(data):
            break
        if _length_at(data, start) >= 0:
            return start
        start += 1
    return -1


@lru_cache(maxsize=4096)
def masked_checksum(data: bytes) -> int:
    """Return the masked CRC-32C of `data`."""
    table, register = _table(), 0xFFFFFFFF
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    register ^= 0xFFFFFFFF
    return (((register >> 15) | (register << 17)) + _MASK_DELTA) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for entry in range(256):
        for _ in range(8):
            entry = (entry >> 1) ^ (_POLYNOMIAL if entry & 1 else 0)
        table.append(entry)
    return tuple(table)
