"""The trainer's log."""

from __future__ import annotations

from textual.widgets import Log

from tui.session.text import compact_indents

_LINES_KEPT = 5000


class Console(Log):
    """Shows the end of `console.log`; follows it unless scrolled up."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, max_lines=_LINES_KEPT)
        self.border_title = "console"

    def append(self, text: str) -> None:
        """Add whole lines that are safe to draw (`tui.session.text.plain`)."""
        self.write(compact_indents(text))
