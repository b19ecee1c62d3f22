"""The list of the launch screen, with its search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from presets import Preset
from tui.session.launching.launch_list import ListedRuns, ListRow, launch_rows, row_texts
from tui.widgets.field import Field
from tui.widgets.key_table import key

_OPTION_PADDING = 2


class LaunchList(Vertical):
    """Running trainings, the last run and the presets; a search restricts them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "clear_search", "clear search", "Show all presets again", id="launch.clear-search"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.presets: dict[str, Preset] = {}
        self.unreadable: Sequence[str] = ()
        self.runs = ListedRuns()
        self._rows: list[ListRow] = []

    def compose(self) -> ComposeResult:
        yield Field(placeholder="search; Esc clears", id="search", compact=True)
        yield OptionList(id="presets")

    def on_mount(self) -> None:
        self.query_one("#search").display = False
        self.options.border_title = "presets"

    @property
    def options(self) -> OptionList:
        """The list itself."""
        return self.query_one("#presets", OptionList)

    @property
    def highlighted(self) -> str:
        """The id of the row under the cursor; empty without one."""
        option = self.options.highlighted_option
        return (option.id or "") if option is not None else ""

    def highlight(self, id: str) -> None:
        """Put the cursor on a row, if it is listed."""
        if id and any(row.id == id for row in self._rows):
            self.options.highlighted = self.options.get_option_index(id)

    def show(self) -> None:
        """List what matches the search; the cursor stays on its row, else goes to the first."""
        before, options = self.highlighted, self.options
        rows = launch_rows(self.presets.values(), self.unreadable, self.runs, self.query_one(Field).value)
        width = options.scrollable_content_region.width - _OPTION_PADDING
        self._rows = rows
        options.clear_options()
        for row, text in zip(rows, row_texts(rows, max(width, 1)), strict=True):
            prompt = Content(text).stylize("bold") if not row.id else Content(text)
            options.add_option(Option(prompt, id=row.id or None, disabled=not row.id))
        if before:
            self.highlight(before)
        if not self.highlighted and (before or self.query_one(Field).value):
            options.action_first()

    def open_search(self) -> None:
        """Open the search field."""
        self.query_one(Field).open()

    def action_clear_search(self) -> None:
        """Show all rows."""
        field = self.query_one(Field)
        field.value = ""
        field.display = False
        self.options.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.show)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.show()

    @on(Input.Submitted)
    def _go_to_the_matches(self, event: Input.Submitted) -> None:
        event.stop()
        self.options.focus()
