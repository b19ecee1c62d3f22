"""Search in a log, step by step."""

from __future__ import annotations

from typing import IO

from tui.session.log.index import LogIndex
from tui.session.log.line_set import LineSet
from tui.session.log.log_text import shown

_STEP = 256 * 1024
_LONGEST = 4 * 1024 * 1024
"""Longest line, in bytes, that is searched as a whole; matches across the cuts of longer ones are missed."""


def occurrences(needle: str, text: str) -> list[tuple[int, int]]:
    """Return the positions of `needle` in a line as (begin, end); case matters only if it has capitals."""
    if not needle:
        return []
    text = _folded(text, needle)
    found, at = [], text.find(needle)
    while at >= 0:
        found.append((at, at + len(needle)))
        at = text.find(needle, at + len(needle))
    return found


class LogSearch:
    """Searches the indexed part of a log and collects the lines with `needle`."""

    def __init__(self, needle: str, index: LogIndex) -> None:
        self.needle = needle
        self.index = index
        self.lines = LineSet()
        self._at = index.start
        self._number = 0
        self._rest = b""

    @property
    def share(self) -> float:
        """Searched share of the indexed bytes, 0 to 1."""
        total = self.index.scanned - self.index.start
        return (self._at - self.index.start) / total if total else 1.0

    @property
    def is_done(self) -> bool:
        """Whether all indexed bytes are searched."""
        return self._at >= self.index.scanned

    def advance(self, file: IO[bytes]) -> bool:
        """Search the next 256 KiB; return whether there were any. Raises `OSError`."""
        file.seek(self._at)
        data = file.read(min(_STEP, self.index.scanned - self._at))
        self._at += len(data)
        end = data.rfind(b"\n") + 1
        if end or len(self._rest) > _LONGEST:
            self._look(self._rest + data[:end])
            self._rest = data[end:]
        else:
            self._rest += data
        if self.is_done and self._rest:  # a line without an end; searched again when it has grown
            self._find(self._rest)
        return bool(data)

    def _look(self, data: bytes) -> None:
        self._find(data)
        self._number += data.count(b"\n")

    def _find(self, data: bytes) -> None:
        text = _folded(shown(data), self.needle)
        at, number = text.find(self.needle), self._number
        counted = 0
        while at >= 0:
            number += text.count("\n", counted, at)
            self.lines.add(number)
            counted = at
            end = text.find("\n", at)
            at = text.find(self.needle, end) if end >= 0 else -1


def _folded(text: str, needle: str) -> str:
    """Return `text` in lower case unless `needle` has capitals; its length stays the same."""
    if needle != needle.lower():
        return text
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
