"""The log folded to one line, where a panel beside the knobs would be too narrow."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from tui.session.log.pages import LogPage
from tui.session.log.titles import strip_text
from tui.widgets.diff_text import DiffText
from tui.widgets.shown_keys import key_of

_COLOURS = {"info": "", "warning": "$text-warning", "error": "$text-error"}


class LogStrip(DiffText):
    """The newest line of the log; a click opens the log."""

    DEFAULT_CSS = """
    LogStrip { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; &:hover { color: $foreground; } }
    """

    class Opened(Message):
        """The user clicked the line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._page: LogPage | None = None

    def show(self, page: LogPage) -> None:
        """Show the end of this page's log."""
        self._page = page
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Opened())

    def _draw(self) -> None:
        if not self.size.width:  # hidden
            return
        text = strip_text(self._page, self.size.width, key_of(self.app, "dashboard.log", "l"))
        level = "info" if self._page is None else self._page.newest_level
        self.update(Content.styled(text, _COLOURS[level]), layout=False)  # always one line
