"""Text from elsewhere, made safe to draw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # operating system commands: titles, clipboard, links
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"  # device control and other strings
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Return `text` without terminal escapes and control characters; tabs and line ends stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def compact_indents(text: str) -> str:
    """Return `text` with the indents of rsl-rl's tables (`   Name: value`) cut to two cells; code keeps its own."""
    return re.sub(r"(?m)^(?: {10,}| {3,}(?=[A-Z][\w /]*: ))", "  ", text)


class TextTail:
    """Reads a growing text file from near its end; used by one thread."""

    _FIRST_READ_BYTES = 64 * 1024

    def __init__(self, path: Path) -> None:
        """Remember `path`; it need not exist yet."""
        self._path = path
        self._offset: int | None = None

    def read_new(self) -> str:
        """Return the whole lines written since the last call, safe to draw. Raises `OSError`."""
        try:
            file = open(self._path, "rb")  # noqa: SIM115 (the with statement below closes it)
        except FileNotFoundError:
            return ""
        with file:
            if self._offset is None:
                self._offset = self._line_start(file)
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return plain(whole.decode("utf-8", errors="replace"))

    def _line_start(self, file: IO[bytes]) -> int:
        """Return where the first line begins that lies wholly in the last `_FIRST_READ_BYTES`."""
        size = file.seek(0, 2)
        if size <= self._FIRST_READ_BYTES:
            return 0
        file.seek(size - self._FIRST_READ_BYTES)
        file.readline()
        return file.tell()
