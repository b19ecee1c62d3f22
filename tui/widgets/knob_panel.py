"""The knobs with their filter."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tui.session.knob_rows import KnobFilter
from tui.session.state import KnobState, RunState
from tui.widgets.field import Field
from tui.widgets.knob_table import KnobTable


class KnobPanel(Vertical):
    """All knobs of a run, those that match a few letters, or those that were changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "clear the filter", show=False),
        Binding("down", "leave_filter", "to the knobs", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = RunState()
        self._filter = KnobFilter()
        self._note = ""

    def compose(self) -> ComposeResult:
        """Lay out the filter, hidden at first, over the table."""
        yield Field(placeholder="letters of a knob's name; Escape clears", id="knob-filter", compact=True)
        yield KnobTable(id="knobs")

    def on_mount(self) -> None:
        """Say what this is."""
        self.query_one(Field).display = False
        self._show_titles()

    @property
    def knob(self) -> KnobState | None:
        """The knob under the cursor."""
        return self.query_one(KnobTable).knob

    def show(self, state: RunState, note: str = "") -> None:
        """Bring the table up to date; `note` stands below it."""
        self._state, self._note = state, note
        self.query_one(KnobTable).show(state)
        self._show_titles()

    def open_filter(self) -> None:
        """Let the person type letters of a name."""
        field = self.query_one(Field)
        field.display = True
        self.screen.set_focus(field)  # at once: `focus()` would come behind letters that are already on their way

    def toggle_only_changed(self) -> None:
        """Show only what was changed, or everything again."""
        self._restrict(replace(self._filter, only_changed=not self._filter.only_changed))

    def action_clear_filter(self) -> None:
        """Show all names again."""
        field = self.query_one(Field)
        field.value = ""
        field.display = False
        self.query_one(KnobTable).focus()

    def action_leave_filter(self) -> None:
        """Go from the filter to what it has found."""
        self.query_one(KnobTable).focus()

    @on(Input.Changed)
    def _match(self, event: Input.Changed) -> None:
        event.stop()
        self._restrict(replace(self._filter, pattern=event.value))

    @on(Input.Submitted)
    def _go_to_the_matches(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(KnobTable).focus()

    def _restrict(self, which: KnobFilter) -> None:
        self._filter = which
        self.query_one(KnobTable).restrict(which)
        self._show_titles()

    def _show_titles(self) -> None:
        self.border_title = "knobs (Enter edits)"
        if not self._state.knobs:
            self.border_subtitle = "known once the environment is built"
            return
        shown, total = self.query_one(KnobTable).knob_count, len(self._state.knobs)
        which = " changed" * self._filter.only_changed + " match" * bool(self._filter.pattern.strip())
        count = f"{shown} of {total}{which}" if which else f"{total}"
        self.border_subtitle = Content(f"{self._note} ─ {count}" if self._note else count)
