"""The trainer's log with its search."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.screens.dashboard.log_view import Console
from tui.session.log.titles import console_note, console_title
from tui.widgets.diff_text import set_titles
from tui.widgets.field import Field
from tui.widgets.shown_keys import key_of

_KEYS = (("knobs.filter", "/", "find"), ("console.level", "v", "errors"), ("console.traceback", "T", "traceback"))
"""What stands below a log that has the focus while there is nothing else to say: ids, usual keys, what they do."""


class ConsolePanel(Vertical):
    """A log, and a field below it to type what to look for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "end_search",
            "end the search",
            show=False,
            tooltip="Show the whole log again",
            id="console.end-search",
        ),
    ]
    DEFAULT_CSS = """
    ConsolePanel > Console { height: 1fr; }
    """

    def __init__(self, path: Path, *, id: str | None = None) -> None:
        """Show the log at `path`."""
        super().__init__(id=id)
        self._path = path

    def compose(self) -> ComposeResult:
        """Lay out the log over the field, which is hidden at first."""
        yield Console(self._path, id="console")
        yield Field(placeholder="letters in the log; Enter, then n and N", id="console-search", compact=True)

    def on_mount(self) -> None:
        """Say what this is."""
        self.query_one(Field).display = False
        self._show_titles()

    def open_search(self) -> None:
        """Let the person type what to look for."""
        field = self.query_one(Field)
        field.display = True
        self.screen.set_focus(field)  # at once: `focus()` would come behind letters that are already on their way

    def action_end_search(self) -> None:
        """Look for nothing."""
        self.query_one(Field).value = ""
        self._close_search()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(Console).search(event.value)
        self._show_titles()

    @on(Input.Submitted)
    def _close_search(self, event: Input.Submitted | None = None) -> None:
        if event is not None:
            event.stop()
        self.query_one(Field).display = False
        self.query_one(Console).focus()

    @on(Console.PageRead)
    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _show_titles(self) -> None:
        console = self.query_one(Console)
        note = console_note(console.page, console.needle)
        set_titles(self, console_title(console.page), note or self._keys * console.has_focus)

    @property
    def _keys(self) -> str:
        return ", ".join(f"{key_of(self.app, id, usual)} {what}" for id, usual, what in _KEYS)

    @on(Console.Copied)
    def _copy(self, message: Console.Copied) -> None:
        self.app.copy_to_clipboard("\n".join(message.lines))
        count = len(message.lines)
        what = "the line is" if count == 1 else f"{count} lines of the traceback are"
        self.notify(f"{what} on the clipboard", markup=False)
