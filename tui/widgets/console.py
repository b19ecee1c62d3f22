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
        self._follows = True

    def append(self, text: str) -> None:
        """Add whole lines that are safe to draw (`tui.session.text.plain`)."""
        self.write(compact_indents(text), scroll_end=self._follows)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the log while its end is in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = self.is_vertical_scroll_end

    def on_resize(self) -> None:
        """Keep the end in sight when the size changes."""
        if self._follows:
            self.scroll_end(animate=False, immediate=True, x_axis=False)
