"""The last look at each line before it is drawn: nothing in it acts on the terminal.

Widgets pass their own texts through `tui.session.text.plain`, which leaves out whole escapes. This takes what is left:
what a user types or pastes into a field, and what a widget has forgotten.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.session.text import plain


class DrawableLines(LineFilter):
    """Replaces characters that can't be drawn; each line keeps its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line without such characters."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment if segment.control or segment.text.isprintable() else segment._replace(text=_drawable(segment.text))
            for segment in segments
        ]


def _drawable(text: str) -> str:
    return "".join(character if plain(character) == character else "?" * cell_len(character) for character in text)
