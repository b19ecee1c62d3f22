"""The knobs with their filter, the editor in a row, and details of the selected knob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from trainer_proc.contract.knob import Value, is_numeric
from trainer_proc.contract.requests import Tune
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_table import KnobTable
from tui.session.knob_states import KnobState
from tui.session.knobs.columns import GAP
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.knob_text import knob_detail
from tui.session.knobs.rows import KnobFilter
from tui.session.knobs.steps import next_word
from tui.session.state import RunState
from tui.session.text import plain_lines
from tui.widgets.diff_text import set_titles
from tui.widgets.field import Field
from tui.widgets.key_table import key

_LINES_WITH_DETAIL = 12
"""From this height on, one line shows the selected knob."""
_WIDTH_OF_HISTORY = 16
_NOT_BUILT = "available after the environment is built"


class _Detail(Static):
    """The line about the selected knob, which depends on its width."""

    class Resized(Message):
        """The line has another width: also below a dialog, where the screen is laid out late."""

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized())


class KnobPanel(Vertical):
    """All knobs of a run, those that match a few letters, or those that were changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "clear_filter", "clear filter",
            "Clear the filter and show all; without one, clear the selection", id="filter.clear"),
        key("down", "leave_filter", "to the knobs", "Go to the matches", id="filter.leave"),
        # with priority: digits typed after it must reach the open editor
        key("enter", "edit", "edit",
            "Edit the selected knob in its row; Tab opens the dialog", id="knobs.edit", priority=True),
    ]  # fmt: skip
    DEFAULT_CSS = """
    KnobPanel { layers: base line; }
    KnobPanel > KnobLine { layer: line; }
    KnobPanel > #knob-detail { height: 1; color: $text-muted; text-wrap: nowrap; }
    """

    @dataclass
    class Tuned(Message):
        """The user requests a knob's new value."""

        tune: Tune

    @dataclass
    class EditRefused(Message):
        """The user tried to edit a read-only knob."""

        knob: KnobState

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = RunState()
        self._history = KnobHistory()
        self._filter = KnobFilter()
        self._note = ""
        self._has_ended = False

    def compose(self) -> ComposeResult:
        yield Field(placeholder="filter by name; Escape clears", id="knob-filter", compact=True)
        yield KnobTable(id="knobs")
        yield _Detail("", id="knob-detail", markup=False)
        yield KnobLine(id="knob-line")

    def on_mount(self) -> None:
        self._field.display = False
        self._show_titles()

    @property
    def knob(self) -> KnobState | None:
        """The knob under the cursor."""
        return self.query_one(KnobTable).knob

    @property
    def chosen(self) -> list[KnobState]:
        """The selected knobs; without any, the knob under the cursor."""
        return self.query_one(KnobTable).chosen

    @property
    def _field(self) -> Field:
        return self.query_one("#knob-filter", Field)

    def show(
        self,
        state: RunState,
        note: str = "",
        history: KnobHistory | None = None,
        wanted: Mapping[str, Value] | None = None,
        *,
        has_ended: bool = False,
    ) -> None:
        """Update the table. `note` stands in the border, `wanted` are values of step keys that are not sent yet."""
        self._state, self._note, self._has_ended = state, note, has_ended
        self._history = history or self._history
        self.query_one(KnobTable).show(state, self._history, wanted or {}, has_ended=has_ended)
        self._show_titles()
        self._show_detail()

    def open_filter(self) -> None:
        """Open the filter field."""
        self._field.open()

    def toggle_only_changed(self) -> None:
        """Show only changed knobs, or all."""
        self._restrict(replace(self._filter, only_changed=not self._filter.only_changed))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter edits only while the table is focused."""
        return action != "edit" or self.screen.focused is self.query_one(KnobTable)

    def action_edit(self) -> None:
        """Edit the selected knob in its row, or fold the kind of a selected heading."""
        table = self.query_one(KnobTable)
        if table.knob is not None:
            self._open_line(table.knob)
        elif table.row is not None:
            table.action_toggle_fold()

    def action_clear_filter(self) -> None:
        """Clear the filter; without one, the selection."""
        if not self._field.display:
            self.query_one(KnobTable).clear_choice()
            return
        self._field.value = ""
        self._field.display = False
        self.query_one(KnobTable).focus()

    def action_leave_filter(self) -> None:
        """Go from the filter to the matches."""
        self.query_one(KnobTable).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Show the details of the selected knob where there is room."""
        self.query_one("#knob-detail").display = self.size.height >= _LINES_WITH_DETAIL

    # --- the filter ---

    @on(Input.Changed, "#knob-filter")
    def _match(self, event: Input.Changed) -> None:
        event.stop()
        self._restrict(replace(self._filter, pattern=event.value))

    @on(Input.Submitted, "#knob-filter")
    def _go_to_the_matches(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(KnobTable).focus()

    def _restrict(self, which: KnobFilter) -> None:
        self._filter = which
        self.query_one(KnobTable).restrict(which)
        self._show_titles()

    # --- the editor in a row ---

    @on(KnobTable.EditRequested)
    def _edit_clicked(self, event: KnobTable.EditRequested) -> None:
        event.stop()
        self._open_line(event.knob)

    @on(KnobTable.StepRequested)
    def _step_word(self, event: KnobTable.StepRequested) -> None:
        """Edit a word instead of stepping it, with its neighbour selected: Enter sets it."""
        if not is_numeric(event.knob.knob):
            event.stop()
            self._open_line(event.knob, event.factor)

    @on(KnobLine.Closed)
    def _take(self, event: KnobLine.Closed) -> None:
        event.stop()
        if event.tune is not None:
            self.post_message(self.Tuned(event.tune))

    @on(KnobTable.ChoiceChanged)
    def _show_choice(self, event: KnobTable.ChoiceChanged) -> None:
        event.stop()
        self._show_titles()

    @on(KnobTable.Redrawn)
    def _follow_row(self, event: KnobTable.Redrawn) -> None:
        event.stop()
        self._place_line()

    def _open_line(self, knob: KnobState, factor: float | None = None) -> None:
        """Edit a knob in its row; with the `factor` of a step key, the word beside its own is selected."""
        if knob.knob.read_only:
            self.post_message(self.EditRefused(knob))
            return
        table, line = self.query_one(KnobTable), self.query_one(KnobLine)
        self._show_titles()
        row = table.row
        name = row.cells.name if row is not None and row.key == knob.knob.name else knob.knob.name
        word = "" if factor is None else next_word(knob, factor)
        line.open(knob, self._state.revision, name, table.widths.name + GAP, word=word)
        self._place_line()

    def _place_line(self) -> None:
        """Keep the editor over its row, at an edge of the table if the row is not visible."""
        line, table = self.query_one(KnobLine), self.query_one(KnobTable)
        if not line.knob_name:
            return
        place = table.line_of(line.knob_name)
        top = table.region.y - self.content_region.y
        lowest = max(table.size.height - 1, table.header_height)
        wanted = line.styles.offset.y.value - top if place is None else place
        line.styles.offset = (0, top + min(max(int(wanted), table.header_height), lowest))

    # --- details and titles ---

    @on(DataTable.RowHighlighted)
    @on(_Detail.Resized)
    def _show_detail(self) -> None:
        detail, knob = self.query_one("#knob-detail", Static), self.knob
        if not detail.display:
            return
        text = ""
        if knob is not None:
            line = self._history.line(knob.knob.name, _WIDTH_OF_HISTORY)
            text = plain_lines(knob_detail(knob, line, detail.size.width))
        if str(detail.content) != text:
            detail.update(Content(text))

    def _show_titles(self) -> None:
        title = "knobs" if self._has_ended else "knobs (Enter edits, [ ] ±10 %, { } ÷2 ×2)"
        if not self._state.knobs:
            is_running = self._state.phase is not None and self._state.phase.phase == "running"
            note = "a policy on a robot has none; v shows the robot" if is_running else _NOT_BUILT
            set_titles(self, title, note)
            return
        total = len(self._state.knobs)
        which = " changed" * self._filter.only_changed + " match" * bool(self._filter.pattern.strip())
        count = f"{self.query_one(KnobTable).knob_count} of {total}{which}" if which else f"{total}"
        if chosen := self.query_one(KnobTable).chosen_count:
            count = f"{chosen} selected ─ {count}"
        set_titles(self, title, f"{self._note} ─ {count}" if self._note else count)
