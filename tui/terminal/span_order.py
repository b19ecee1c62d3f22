"""Put the changed pieces of a frame into the order that takes the fewest bytes.

Moving the cursor takes some 8 bytes and changing a colour up to 19. Where a frame has many pieces of few colours, as a
picture of a robot, all pieces of one colour come together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_MOVE_BYTES, _STYLE_BYTES = 8, 13
_PLACEHOLDER = "\0"
"""Stands for the text where the sequences around a style are looked up: once a style, not once a piece."""


class Piece(NamedTuple):
    """A text of one style at a place of the screen."""

    x: int
    y: int
    text: str
    style: Style | None


def frame_text(spans: Sequence[tuple[int, int, Strip]], console: Console) -> str:
    """Return the text that draws these (column, row, content), none of which overlap."""
    pieces = [piece for x, y, strip in spans for piece in _pieces(x, y, strip)]
    styles = {piece.style for piece in pieces}
    more_moves, fewer_changes = len(pieces) - len(spans), len(pieces) - len(styles)
    if more_moves * _MOVE_BYTES >= fewer_changes * _STYLE_BYTES:
        return "".join(f"{Control.move_to(x, y)}{strip.render(console)}" for x, y, strip in spans)
    by_style: dict[Style | None, list[Piece]] = {}
    for piece in pieces:
        by_style.setdefault(piece.style, []).append(piece)
    texts: list[str] = []
    for style, alike in by_style.items():
        begin, _, end = Strip([Segment(_PLACEHOLDER, style)]).render(console).partition(_PLACEHOLDER)
        texts += [f"\x1b[{piece.y + 1};{piece.x + 1}H{begin}{piece.text}{end}" for piece in alike]
    return "".join(texts)


def _pieces(x: int, y: int, strip: Strip) -> Iterator[Piece]:
    """Yield the pieces of a strip; blanks join the piece before them, or behind them at the start, if they can."""
    text, style = "", None
    for more, other in _texts(strip):
        if not text:
            text, style = more, other
        elif other == style or (_is_blank(more, other) and _is_alike(other, style)):
            text += more
        elif _is_blank(text, style) and _is_alike(style, other):
            text, style = text + more, other
        else:
            yield Piece(x, y, text, style)
            x += cell_len(text)
            text, style = more, other
    if text:
        yield Piece(x, y, text, style)


def _texts(strip: Strip) -> Iterable[tuple[str, Style | None]]:
    return ((segment.text, segment.style) for segment in strip if segment.text and not segment.control)


def _is_blank(text: str, style: Style | None) -> bool:
    """Return whether only the background of a text is seen."""
    if text.strip(" "):
        return False
    return style is None or not (style.underline or style.underline2 or style.reverse or style.strike or style.overline)


def _is_alike(one: Style | None, other: Style | None) -> bool:
    """Return whether blanks look the same in both styles."""
    if one is None or other is None:
        return one is other
    return one.bgcolor == other.bgcolor and one.link == other.link and _is_blank("", one) and _is_blank("", other)
