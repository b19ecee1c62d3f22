"""The trainer's log with its search."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.screens.dashboard.log_view import LogViewer
from tui.session.log.titles import console_note, console_title
from tui.widgets.diff_text import set_titles
from tui.widgets.field import Field
from tui.widgets.key_table import key
from tui.widgets.shown_keys import key_of

_KEYS = (("knobs.filter", "/", "search"), ("console.level", "v", "errors"), ("console.traceback", "T", "traceback"))
"""Keys in the border of the focused log: id, default key, label."""


class LogPanel(Vertical):
    """A log over its search field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "end_search", "end search", "Close the search and show the whole log", id="console.end-search"),
    ]
    DEFAULT_CSS = """
    LogPanel > LogViewer { height: 1fr; }
    """

    def __init__(self, path: Path, *, id: str | None = None) -> None:
        """Show the log at `path`."""
        super().__init__(id=id)
        self._path = path

    def compose(self) -> ComposeResult:
        yield LogViewer(self._path, id="console")
        yield Field(placeholder="search the log; Enter, then n and N", id="console-search", compact=True)

    def on_mount(self) -> None:
        self.query_one(Field).display = False
        self._show_titles()

    def open_search(self) -> None:
        """Open the search field."""
        self.query_one(Field).open()

    def action_end_search(self) -> None:
        """Close the search."""
        self.query_one(Field).value = ""
        self._close_search()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(LogViewer).search(event.value)
        self._show_titles()

    @on(Input.Submitted)
    def _close_search(self, event: Input.Submitted | None = None) -> None:
        if event is not None:
            event.stop()
        self.query_one(Field).display = False
        self.query_one(LogViewer).focus()

    @on(LogViewer.PageRead)
    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _show_titles(self) -> None:
        console = self.query_one(LogViewer)
        note = console_note(console.page, console.needle)
        set_titles(self, console_title(console.page), note or self._keys * console.has_focus)

    @property
    def _keys(self) -> str:
        return ", ".join(f"{key_of(self.app, id, usual)} {what}" for id, usual, what in _KEYS)

    @on(LogViewer.Copied)
    def _copy(self, message: LogViewer.Copied) -> None:
        self.app.copy_to_clipboard("\n".join(message.lines))
        count = len(message.lines)
        self.notify(f"copied {count} line{'s' * (count != 1)}", markup=False)
