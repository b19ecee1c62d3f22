"""Index of the lines of a growing file and their levels, without its text.

Keeps one number per 64 KiB of the file: 1.3 MB for a log of 10 GB.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from tui.session.log.levels import LevelScan
from tui.session.log.log_text import LONGEST, shown_line

_BLOCK = 64 * 1024
_STEP = 4 * _BLOCK
"""Bytes per step: about a millisecond."""


@dataclass(frozen=True)
class LogLine:
    """A line's number, from 0, and its text, safe to draw."""

    number: int
    text: str


class LogIndex:
    """Indexes a file step by step from byte `start`, the beginning of a line; lines are counted from there."""

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.scanned = start
        """End of the indexed bytes."""
        self.levels = LevelScan()
        self._before = array("Q", [0])  # line ends before each block
        self._ends = 0
        self._head = b""  # of the line that has no end yet

    @property
    def line_count(self) -> int:
        """Number of lines, including one without a line end."""
        return self._ends + bool(self._head)

    @property
    def whole_lines(self) -> int:
        """Number of lines with a line end."""
        return self._ends

    def advance(self, file: IO[bytes], until: int) -> bool:
        """Index the next bytes before `until`, at most 256 KiB; return whether there were any. Raises `OSError`."""
        file.seek(self.scanned)
        data = file.read(min(_STEP - (self.scanned - self.start) % _BLOCK, until - self.scanned))
        self._count(data)
        end = data.rfind(b"\n") + 1
        if end:
            first = self._ends - data.count(b"\n")
            self.levels.take(self._head + data[:end], first)
            self._head = b""
        if len(self._head) < LONGEST:
            self._head += data[end : end + LONGEST]
        self.scanned += len(data)
        return bool(data)

    def lines(self, file: IO[bytes], first: int, count: int) -> list[LogLine]:
        """Read `count` lines from line `first` on, fewer at the end. Raises `OSError`."""
        numbers = range(first, min(first + count, self.line_count))
        return [LogLine(number, text) for number, text in zip(numbers, self._texts(file, first), strict=False)]

    def _texts(self, file: IO[bytes], first: int) -> Iterator[str]:
        """Yield the text of each line from `first` on; a long line is read only as far as it is shown."""
        number, at = first, self._line_start(file, first)
        while at < self.scanned:
            file.seek(at)
            data = file.read(min(_BLOCK, self.scanned - at))
            begin = 0
            while (end := data.find(b"\n", begin)) >= 0 and end - begin <= LONGEST:
                yield shown_line(data[begin:end])
                begin, number = end + 1, number + 1
            at += begin
            if begin:
                continue
            after = self._line_start(file, number + 1) if number < self._ends else self.scanned
            yield self._long_line(file, data, at, after - (number < self._ends))
            at, number = after, number + 1

    def _long_line(self, file: IO[bytes], data: bytes, start: int, end: int) -> str:
        if end - start <= LONGEST:
            return shown_line(data[: end - start])
        file.seek(end - LONGEST)
        return shown_line(data[:LONGEST], file.read(LONGEST), end - start)

    def _line_start(self, file: IO[bytes], number: int) -> int:
        """Return the byte at which a line begins."""
        if number == 0:
            return self.start
        block = bisect_left(self._before, number) - 1
        place = self.start + block * _BLOCK
        file.seek(place)
        data, end = file.read(_BLOCK), -1
        for _ in range(number - self._before[block]):
            end = data.find(b"\n", end + 1)
        return place + end + 1

    def _count(self, data: bytes) -> None:
        """Count line ends, and record their number before each block."""
        at = 0
        while at < len(data):
            left = _BLOCK - (self.scanned + at - self.start) % _BLOCK
            self._ends += data.count(b"\n", at, at + left)
            at += left
            if at <= len(data):
                self._before.append(self._ends)
