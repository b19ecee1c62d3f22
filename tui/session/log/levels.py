"""Level of a line in a trainer's log, from its words.

Knows the formats of Python's `logging` and `warnings`, uncaught exceptions, rsl-rl, Warp, PyTorch's C++ (`[W1121 …`),
MuJoCo-Warp, whose overflows lose contacts and are errors, and Isaac Sim (`[Error] [omni…]`). Also those of the kernel,
the shell and this program.
"""

from __future__ import annotations

import re
from typing import Literal

from tui.session.log.line_set import LineSet
from tui.session.log.log_text import shown

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")

_RANK = re.compile(r"^\[(?:rank|default)\d+\]:\s?")
"""Prefix of a rank's lines by PyTorch and its launcher."""
_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = re.compile(r"^(?:During handling of the above exception|The above exception was the direct cause)")
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?::\s|:?$)")
"""Last line of a traceback: the exception and its message."""
_TABLE = re.compile(r"^ {3,}[\w /]+: *[-+\d.]")
"""A line of rsl-rl's table; a name such as `Metrics/error: 0.1` is no error."""
_SIGNS = re.compile(
    r"(?P<error>"
    r"\b(?:ERROR|CRITICAL|FATAL)\b|\[(?:[Ee]rror|[Ff]atal)\]"
    r"|\b[Ee]rror:\s*(?![-+\d.\s])|\b[Ff]atal(?: Python)? error\b|\b(?:CUDA|compilation) error\b"
    r"|^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)(?::|$)"
    r"|\[?[EF]\d{4} \d\d:\d\d:"
    r"|\b[Oo]verflow\b.*\b(?:increase|adjust|behavior undefined)\b"
    r"|\bout of memory\b|\bSegmentation fault\b|\bcore dumped\b|^Killed\b|^terminate called\b|^Aborted\b|^\[wire\]"
    r")|(?P<warning>"
    r"\blimit reached - please increase\b"
    r"|\bWARN(?:ING)?\b|\[[Ww]arn(?:ing)?\]|\b\w*Warning:|\b[Ww]arning:|\[?W\d{4} \d\d:\d\d:"
    r")"
)
_WORDS = tuple(
    word.encode()
    for word in (
        *("ERROR", "CRITICAL", "FATAL", "Error", "error:", "[error]", "CUDA error", "atal error", "[fatal]", "[Fatal]"),
        *(
            "compilation error",
            "Exception",
            "Interrupt",
            "out of memory",
            "Segmentation fault",
            "core dumped",
            "Killed",
        ),
        *("overflow", "please increase"),
        *("terminate called", "Aborted", "[wire]", "WARN", "arning:", "arning]", "[warn", "[Warn", " torch/", ".cpp:"),
        *("Traceback (most", "above exception"),
    )
)
"""Every line above `info` contains one of these; a fast pre-filter."""


def level_of(line: str) -> Level:
    """Return the level of one line, given without escapes (`tui.session.text.plain`)."""
    line = _RANK.sub("", line)
    if _TABLE.match(line):
        return "info"
    sign = _SIGNS.search(line)
    if sign is None:
        return "error" if _TRACEBACK in line or _CHAINED.match(line) else "info"
    return "error" if sign["error"] is not None else "warning"


class LevelScan:
    """Scans a log once from its start and keeps the numbers of warnings and errors, in bounded memory."""

    def __init__(self) -> None:
        self.warnings = LineSet()
        """Warnings and errors."""
        self.errors = LineSet()
        self.tracebacks = LineSet()
        """First line of each traceback, or of each chain of tracebacks."""
        self._is_inside = False
        self._is_chained = False

    def take(self, text: bytes, first: int) -> None:
        """Scan whole lines; `first` is the number of the first one."""
        places = {word: text.find(word) for word in _WORDS}
        places = {word: place for word, place in places.items() if place >= 0}
        at, number = 0, first
        while at < len(text) and (places or self._is_inside):
            if not self._is_inside:
                start = text.rfind(b"\n", at, min(places.values())) + 1 or at
                number += text.count(b"\n", at, start)
                at = start
            end = text.find(b"\n", at)
            end = len(text) if end < 0 else end
            self._judge(_RANK.sub("", shown(text[at:end])), number)
            at, number = end + 1, number + 1
            for word in [word for word, place in places.items() if place < at]:
                places[word] = text.find(word, at)
                if places[word] < 0:
                    del places[word]

    def level(self, line: int) -> Level:
        """Return the level of line number `line`."""
        return "error" if line in self.errors else "warning" if line in self.warnings else "info"

    def _judge(self, line: str, number: int) -> None:
        if _TRACEBACK in line:
            if not self._is_chained and not self._is_inside:
                self.tracebacks.add(number)
            self._is_inside, self._is_chained = True, False
            self._add("error", number)
        elif self._is_inside and (line[:1] in (" ", "\t") or _EXCEPTION.match(line)):
            self._is_inside = line[:1] in (" ", "\t")
            self._add("error", number)
        else:
            self._is_inside = False
            if _CHAINED.match(line):
                self._is_chained = True
            self._add(level_of(line), number)

    def _add(self, level: Level, number: int) -> None:
        if level != "info":
            self.warnings.add(number)
        if level == "error":
            self.errors.add(number)
