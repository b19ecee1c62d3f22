"""Lines of text with the meaning of each piece."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tui.session.text import shortened

Meaning: TypeAlias = Literal["plain", "label", "title", "command", "velocity", "contact", "fall", "gain", "loss"]
Piece: TypeAlias = tuple[str, Meaning]
Line: TypeAlias = tuple[Piece, ...]


def clipped(line: Line, width: int) -> Line:
    """Return a line cut to `width` cells."""
    pieces: list[Piece] = []
    for text, meaning in line:
        if len(text) > width:
            text = shortened(text, width) if width > 0 else ""
        if text:
            pieces.append((text, meaning))
        width -= len(text)
    return tuple(pieces)
