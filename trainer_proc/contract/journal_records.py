"""Records of a journal: each is a frame with a checksum, and what is damaged between them is skipped.

The checksum is one more field at the end of a frame, the CRC-32 of the frame's own bytes before it. Older versions
ignore fields that they do not know, so they can read the journal; journals of older versions have no checksums.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec

from trainer_proc.contract.codec import decode_frame
from trainer_proc.contract.errors import ProtocolTooNew
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.records import BIN_32, HEADER, record_of
from trainer_proc.contract.stand_ins import Damaged

LARGEST = 16 * 1024 * 1024
"""Bytes of a frame with its checksum; a longer record is damage, and no writer may write one."""
LARGEST_FRAME = LARGEST - 5
"""Bytes of a frame without its checksum."""
_MARKER = bytes([BIN_32])
_UNSEALED = 0x93
_FIRST_BYTES = range(_UNSEALED, 0xA0)
"""First bytes of a frame: arrays of 3 to 15 fields."""
_UINT_32 = 0xCE
_CHECKSUM = struct.Struct(">BI")
_read_header, _read_checksum = HEADER.unpack_from, _CHECKSUM.unpack_from
_MOST_AHEAD = 8 * 1024 * 1024
"""Bytes checked ahead of a search for records, which so takes linear time: damage may be made to look like records."""


class FrameTooLarge(ValueError):
    """The frame is longer than a journal's record may be."""


def sealed_record(frame: bytes) -> bytes:
    """Return the record of an encoded frame, with its checksum. Raises `FrameTooLarge`."""
    if len(frame) > LARGEST_FRAME:
        raise FrameTooLarge(f"expected a frame of at most {LARGEST // 2**20} MiB, got {len(frame) / 2**20:.1f} MiB")
    content = bytes((frame[0] + 1,)) + frame[1:]
    return record_of(content + _CHECKSUM.pack(_UINT_32, crc32(content)))


def decode_records(
    data: bytes, path: Path, offset: int, before: Frame | None = None, most: int | None = None
) -> tuple[list[Frame], int]:
    """Return the complete frames in `data`, which begins with a record, and the end of the last of them in `data`.

    At most `most` frames are read. `path` and `offset` are the origin of `data`, `before` is the frame before it. A
    damaged stretch becomes one frame with `Damaged`, or several. Raises `ProtocolTooNew`.
    """
    view, size = memoryview(data), len(data)
    frames: list[Frame] = []
    position, last_header = 0, size - HEADER.size
    while position <= last_header and len(frames) != most:  # fast path: a long run has 100,000s of frames
        marker, length = _read_header(data, position)
        end = position + HEADER.size + length
        is_record = marker == BIN_32 and length <= LARGEST
        if is_record and end <= size and (frame := _frame(view[position + HEADER.size : end], path)) is not None:
            frames.append(frame)
            position = end
            continue
        after = first_record(data, position + 1)
        if after is None:
            if is_record and end > size:
                break  # the rest of this record is still to come
            after = _incomplete_record(data, position + 1)
        frames.append(_damaged(frames[-1] if frames else before, offset + position, after - position))
        position = after
    return frames, position


def is_whole_record(record: bytes | memoryview) -> bool:
    """Return whether a record's checksum, if it has one, is right."""
    content = memoryview(record)[HEADER.size :]
    return not _is_sealed(content) or _has_right_checksum(content)


def first_record(data: bytes, start: int = 0) -> int | None:
    """Return where the first complete record in `data` from `start` on begins; None if there is none."""
    return next((begin for begin, _ in _records(data, start)), None)


def record_around(data: bytes, position: int) -> bytes | None:
    """Return the complete record around the byte at `position`, None if `data` has none."""
    before = [(start, end) for start, end in _records(data, stop=position + 1) if end > position]
    return data[slice(*before[-1])] if before else None


def _frame(content: memoryview, path: Path) -> Frame | None:
    """Return the frame of a record; None if it is damaged. Raises `ProtocolTooNew`."""
    if _is_sealed(content) and not _has_right_checksum(content):
        return None
    try:
        return decode_frame(content)
    except msgspec.DecodeError:
        return None
    except ProtocolTooNew as error:
        raise ProtocolTooNew(error.protocol, str(path)) from None


def _is_sealed(content: memoryview) -> bool:
    """Whether a record must have a checksum; a frame without one has three fields."""
    return len(content) > 0 and content[0] != _UNSEALED


def _has_right_checksum(content: memoryview) -> bool:
    if len(content) <= _CHECKSUM.size:
        return False
    marker, checksum = _read_checksum(content, len(content) - _CHECKSUM.size)
    return bool(marker == _UINT_32 and checksum == crc32(content[: -_CHECKSUM.size]))


def _damaged(before: Frame | None, start: int, size: int) -> Frame:
    return Frame(before.number if before else 0, before.time if before else 0.0, Damaged(start, size))


def _records(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield start and end of records before `stop`.

    One with a checksum must have the right one; one without must decode and be followed by a record or the end.
    """
    view, checked = memoryview(data), start
    for position in _markers(data, start, stop):
        end = position + HEADER.size + _read_header(data, position)[1]
        content = view[position + HEADER.size : end]
        if end > len(data) or not content or content[0] not in _FIRST_BYTES or checked > position + _MOST_AHEAD:
            continue
        if _is_sealed(content) or end == len(data) or data[end] == BIN_32:
            checked = max(checked, position) + len(content)
            if _is_frame(content):
                yield position, end


def _is_frame(content: memoryview) -> bool:
    try:
        return _frame(content, Path()) is not None
    except ProtocolTooNew:
        return True


def _incomplete_record(data: bytes, start: int) -> int:
    """Return the first place from `start` on where a record may begin that is not complete yet; else the end."""
    for position in _markers(data, start):
        begin = position + HEADER.size
        length = _read_header(data, position)[1]
        if len(data) - begin < length <= LARGEST and (begin == len(data) or data[begin] in _FIRST_BYTES):
            return position
    cut_header = data.find(_MARKER, max(start, len(data) - HEADER.size + 1))
    return cut_header if cut_header >= 0 else len(data)


def _markers(data: bytes, start: int, stop: int | None = None) -> Iterator[int]:
    position = data.find(_MARKER, start, stop)
    while 0 <= position <= len(data) - HEADER.size:
        yield position
        position = data.find(_MARKER, position + 1, stop)
