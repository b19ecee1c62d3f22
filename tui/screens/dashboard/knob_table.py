"""The table of knobs: value, default, metric, history and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import DataTable

from trainer_proc.contract.knob import Value, is_numeric
from tui.session.knob_states import KnobState
from tui.session.knobs.columns import GAP, Needs, fit
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.rows import KnobFilter, Row, knob_rows, needs_of, shown_knobs
from tui.session.state import RunState
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key

_LABELS = {
    "name": "  knob",
    "value": "value",
    "default": "default",
    "metric": "metric",
    "history": "history",
    "state": "state",
}
_NO_HISTORY = KnobHistory()
_key = partial(key, priority=True)
"""A key with priority, as Enter has it: else Enter would overtake an arrow key typed just before it.

Over a slow connection keys come in one piece, and Textual handles those without priority only after they have bubbled
up: the wrong knob would be edited.
"""
_KEYS: list[BindingType] = [
    _key("up", "cursor_up", "previous knob", "Go to the row above", id="knobs.up"),
    _key("down", "cursor_down", "next knob", "Go to the row below", id="knobs.down"),
    _key("pageup", "page_up", "page up", "Go a page up", id="knobs.page-up"),
    _key("pagedown", "page_down", "page down", "Go a page down", id="knobs.page-down"),
    _key("home", "scroll_top", "first knob", "Go to the first knob", id="knobs.first"),
    _key("end", "scroll_bottom", "last knob", "Go to the last knob", id="knobs.last"),
    _key("left", "fold", "fold", "Go to the heading of this kind, then fold it", id="knobs.fold"),
    _key("right", "unfold", "unfold", "Unfold this kind", id="knobs.unfold"),
    _key("space", "toggle_fold", "fold or unfold", "Fold or unfold this kind", id="knobs.toggle"),
    _key("shift+left", "fold_all(True)", "fold all", "Fold all kinds", id="knobs.fold-all"),
    _key("shift+right", "fold_all(False)", "unfold all", "Unfold all kinds", id="knobs.unfold-all"),
    _key("M", "choose", "select",
         "Select the knob, or all of a heading, to change several at once; again: deselect", id="knobs.select"),
    _key("left_square_bracket", "step(0.9)", "−10 %",
         "Decrease the knob by 10 %; narrow a range", id="knobs.less", display="["),
    _key("right_square_bracket", "step(1.1)", "+10 %",
         "Increase the knob by 10 %; widen a range", id="knobs.more", display="]"),
    _key("left_curly_bracket", "step(0.5)", "÷2", "Halve the knob", id="knobs.halve", display="{"),
    _key("right_curly_bracket", "step(2.0)", "×2", "Double the knob", id="knobs.double", display="}"),
]  # fmt: skip


class KnobTable(DiffTable):
    """One row a knob, below the heading of its kind; Enter or a second click edits, a click on a heading folds."""

    BINDINGS: ClassVar[list[BindingType]] = _KEYS

    @dataclass
    class EditRequested(Message):
        """The user edits a knob."""

        knob: KnobState

    @dataclass
    class StepRequested(Message):
        """The user multiplies a knob's value by `factor`."""

        knob: KnobState
        factor: float

    @dataclass
    class Folded(Message):
        """The folded kinds changed: `all_knobs` of the whole list, `changed_knobs` of the list of changed knobs."""

        all_knobs: frozenset[str]
        changed_knobs: frozenset[str]

    class ChoiceChanged(Message):
        """Other knobs are selected."""

    class Redrawn(Message):
        """Rows were added, removed or moved."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cell_padding=0)
        self._state = RunState()
        self._history = _NO_HISTORY
        self._wanted: Mapping[str, Value] = {}
        self._has_ended = False
        self._filter = KnobFilter()
        self._folded: dict[bool, frozenset[str]] = {False: frozenset(), True: frozenset()}
        self._chosen: set[str] = set()
        self._needs = Needs()
        self._needs_for: object = None
        self.widths = fit(0)
        """The widths of the columns in cells."""
        self.shown: list[Row] = []
        """What the rows stand for, from the top."""

    @property
    def knob(self) -> KnobState | None:
        """The knob under the cursor."""
        return None if self.row is None else self._state.knobs.get(self.row.key)

    @property
    def chosen(self) -> list[KnobState]:
        """The selected knobs that are shown, from the top; without any, the knob under the cursor."""
        found = [self._state.knobs[row.key] for row in self.shown if row.key in self._chosen]
        return found or ([] if self.knob is None else [self.knob])

    @property
    def chosen_count(self) -> int:
        """How many selected knobs are shown."""
        return sum(row.key in self._chosen for row in self.shown)

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.shown[self.cursor_row] if self.cursor_row < len(self.shown) else None

    @property
    def knob_count(self) -> int:
        """How many knobs pass the filter, folded or not."""
        return len(shown_knobs(self._state, self._filter))

    def show(
        self,
        state: RunState,
        history: KnobHistory = _NO_HISTORY,
        wanted: Mapping[str, Value] = {},
        *,
        has_ended: bool = False,
    ) -> None:
        """Update the rows; `wanted` are values of step keys that are not sent yet."""
        self._state, self._history, self._wanted, self._has_ended = state, history, wanted, has_ended
        self._update()

    def line_of(self, name: str) -> int | None:
        """Return on which line of the table, as it is scrolled, a knob stands; None if it has no row."""
        place = next((i for i, row in enumerate(self.shown) if row.key == name), None)
        return None if place is None else place + self.header_height - round(self.scroll_y)

    def restrict(self, which: KnobFilter) -> None:
        """Show only the knobs that `which` lets through, the cursor on the best match; folds are the table's own."""
        is_other_match = which.pattern != self._filter.pattern
        self._filter = replace(which, folded=self._folded[which.only_changed])
        self._update()
        if is_other_match and which.pattern:
            self.move_cursor(row=0)

    def set_folded(self, all_knobs: frozenset[str], changed_knobs: frozenset[str]) -> None:
        """Fold exactly these kinds: in the list of all knobs, and in the list of changed knobs."""
        self._folded = {False: all_knobs, True: changed_knobs}
        self._filter = replace(self._filter, folded=self._folded[self._filter.only_changed])
        self._update()

    def action_fold(self) -> None:
        """Go to the heading of the kind; on it, show the heading only."""
        if self.row is None or not self._heading_of(self.row.kind):
            return
        if self.row.is_heading:
            self._fold(self._filter.folded | {self.row.kind})
        else:
            self._go_to_heading(self.row.kind)

    def action_unfold(self) -> None:
        """Show the knobs of a kind; go to the first if they are shown."""
        if self.row is None or not self.row.is_heading:
            return
        if self.row.kind in self._filter.folded:
            self._fold(self._filter.folded - {self.row.kind})
        else:
            self.move_cursor(row=self.cursor_row + 1)

    def action_toggle_fold(self) -> None:
        """Fold or unfold the kind that the cursor is in."""
        if self.row is None or not self._heading_of(self.row.kind):
            return
        kind = self.row.kind
        self._go_to_heading(kind)
        self._fold(self._filter.folded ^ {kind})

    def action_fold_all(self, is_folded: bool) -> None:
        """Fold all kinds, or none."""
        if self.row is None or not self._heading_of(self.row.kind):
            return
        self._go_to_heading(self.row.kind)
        self._fold(frozenset(row.kind for row in self.shown) if is_folded else frozenset())

    def action_choose(self) -> None:
        """Select the knob under the cursor and go on, or all knobs of a heading; what is selected is cleared."""
        if self.row is None:
            return
        rows = [row for row in self.shown if row.kind == self.row.kind] if self.row.is_heading else [self.row]
        names = {row.key for row in rows if not row.is_heading and not self._state.knobs[row.key].knob.read_only}
        self._chosen = self._chosen - names if names <= self._chosen else self._chosen | names
        self._update()
        if not self.row.is_heading:
            self.move_cursor(row=self.cursor_row + 1)
        self.post_message(self.ChoiceChanged())

    def clear_choice(self) -> None:
        """Select no knobs."""
        self._chosen.clear()
        self._update()
        self.post_message(self.ChoiceChanged())

    def action_step(self, factor: float) -> None:
        """Request the values of the selected knobs times `factor`; of several, only those with numbers."""
        chosen = self.chosen
        for knob in chosen:
            if len(chosen) == 1 or is_numeric(knob.knob):
                self.post_message(self.StepRequested(knob, factor))

    def on_resize(self, event: events.Resize) -> None:
        self._update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Report that the rows have moved."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Redrawn())

    def on_click(self, event: events.Click) -> None:
        """Fold or unfold the kind whose heading is clicked."""
        place = event.style.meta.get("row", -1)
        if 0 <= place < len(self.shown) and self.shown[place].is_heading:
            self.move_cursor(row=place)
            self.action_toggle_fold()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Scroll to the heading with the first knob below it."""
        above = self.cursor_row - 1
        if 0 <= above < len(self.shown) and self.shown[above].is_heading and self.scroll_y > above:
            self.scroll_to(y=above, animate=False)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Edit the knob of the row."""
        event.stop()
        if self.knob is not None:
            self.post_message(self.EditRequested(self.knob))

    def _heading_of(self, kind: str) -> bool:
        """Return whether a kind has a heading."""
        return any(row.is_heading and row.kind == kind for row in self.shown)

    def _go_to_heading(self, kind: str) -> None:
        self.move_cursor(row=next(i for i, row in enumerate(self.shown) if row.is_heading and row.kind == kind))

    def _fold(self, folded: frozenset[str]) -> None:
        self._folded[self._filter.only_changed] = folded
        self._filter = replace(self._filter, folded=folded)
        self._update()
        self.post_message(self.Folded(self._folded[False], self._folded[True]))

    def _fit(self) -> None:
        """Fit the columns to the rows; while the same rows are shown, needs only grow, so that columns keep still."""
        width = self.scrollable_content_region.width
        before = self._needs if self._needs_for == (width, self._filter) else Needs()
        self._needs_for = width, self._filter
        self._needs = before.with_all_of(
            needs_of(self._state, self._filter, self._history, self._wanted, has_ended=self._has_ended)
        )
        self.widths = fit(width, self._needs)

    def _update(self) -> None:
        self._fit()
        self.shown = knob_rows(
            self._state,
            self._filter,
            self.widths,
            self._history,
            self._wanted,
            has_ended=self._has_ended,
            chosen=self._chosen,
        )
        columns = [
            Column(key, label, width + GAP) for key, label in _LABELS.items() if (width := getattr(self.widths, key))
        ]
        have_moved = self.show_rows(
            columns,
            {row.key: [getattr(row.cells, column.key) for column in columns] for row in self.shown},
            bold={row.key for row in self.shown if row.is_heading},
            first_row=next((i for i, row in enumerate(self.shown) if not row.is_heading), 0),
        )
        if have_moved:
            self.post_message(self.Redrawn())
