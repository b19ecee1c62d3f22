"""Text made safe to draw, and shortened to a width."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # operating system commands: titles, clipboard, links
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"  # device control and other strings
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_SHORTEST_PART = 5
"""Cells of the shortest part of a path that is still recognizable."""


def plain(text: str) -> str:
    """Return `text` without terminal escapes and control characters; tabs and line ends stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def compact_indents(text: str) -> str:
    """Return `text` with the indents of rsl-rl's tables (`   Name: value`) cut to two cells; code keeps its own."""
    return re.sub(r"(?m)^(?: {10,}| {3,}(?=[A-Z][\w /]*: ))", "  ", text)


def shortened(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its end replaced by `…`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shortened_name(name: str, width: int) -> str:
    """Return a path in at most `width` cells; its longest parts lose their middles, so that each still tells itself.

    Where that leaves too little of them, only the end of the path remains, which tells most.
    """
    if len(name) <= width:
        return name
    parts = name.split("/")
    lengths = [len(part) for part in parts]
    while sum(lengths) + len(parts) - 1 > width:
        lengths[lengths.index(max(lengths))] -= 1
        if max(lengths) < _SHORTEST_PART:
            return "…" + name[1 - width :] if width > 1 else "…"[:width]
    return "/".join(_without_middle(part, length) for part, length in zip(parts, lengths, strict=True))


def _without_middle(part: str, length: int) -> str:
    if len(part) <= length:
        return part
    tail = (length - 1) // 2
    return part[: length - 1 - tail] + "…" + part[len(part) - tail :]
