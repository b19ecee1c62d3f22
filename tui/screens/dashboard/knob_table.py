"""The table of knobs: what each is set to, what it brings in, and what happens to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from trainer_proc.contract.knob import Value
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.rows import GAP, KnobFilter, Row, fit, knob_rows, shown_knobs
from tui.session.state import KnobState, RunState
from tui.widgets.diff_table import Column, DiffTable

_LABELS = {
    "name": "  knob",
    "value": "value",
    "default": "default",
    "metric": "metric",
    "history": "history",
    "state": "state",
}
_NO_HISTORY = KnobHistory()
_KEYS = (
    ("up", "cursor_up", "knob above", "knobs.up", "Go to the row above"),
    ("down", "cursor_down", "knob below", "knobs.down", "Go to the row below"),
    ("pageup", "page_up", "page up", "knobs.page-up", "Go a page up"),
    ("pagedown", "page_down", "page down", "knobs.page-down", "Go a page down"),
    ("home", "scroll_top", "first knob", "knobs.first", "Go to the first knob"),
    ("end", "scroll_bottom", "last knob", "knobs.last", "Go to the last knob"),
    ("left", "fold", "fold", "knobs.fold", "Go to the kind's heading, then fold it"),
    ("right", "unfold", "unfold", "knobs.unfold", "Show the knobs of a kind"),
    ("space", "turn_over", "fold or unfold", "knobs.toggle", "Fold or unfold a kind"),
    ("shift+left", "fold_all(True)", "fold all", "knobs.fold-all", "Fold all kinds"),
    ("shift+right", "fold_all(False)", "unfold all", "knobs.unfold-all", "Show all knobs"),
    ("left_square_bracket", "step(0.9)", "−10 %", "knobs.less", "Take a tenth off the knob; a range gets narrower"),
    ("right_square_bracket", "step(1.1)", "+10 %", "knobs.more", "Add a tenth to the knob; a range gets wider"),
    ("left_curly_bracket", "step(0.5)", "÷2", "knobs.halve", "Halve the knob under the cursor"),
    ("right_curly_bracket", "step(2.0)", "×2", "knobs.double", "Double the knob under the cursor"),
)
"""Key, action, description, id, tooltip."""
_SIGNS = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}


def _at_once(key: str, action: str, description: str, id: str, tooltip: str) -> Binding:
    """Return a binding that goes before all others, as Enter does: else Enter would overtake arrows before it.

    Keys come in one piece over a slow connection, and Textual does those without priority only once they have bubbled
    up: the wrong knob would be edited.
    """
    return Binding(
        key, action, description, show=False, priority=True, key_display=_SIGNS.get(key), tooltip=tooltip, id=id
    )


class KnobTable(DiffTable):
    """One row a knob, below the heading of its kind; Enter or a second click asks to edit, a click folds a kind."""

    BINDINGS: ClassVar[list[BindingType]] = [_at_once(*key) for key in _KEYS]

    @dataclass
    class EditRequested(Message):
        """The person wants to change a knob."""

        knob: KnobState

    @dataclass
    class StepRequested(Message):
        """The person wants a knob's value times `factor`."""

        knob: KnobState
        factor: float

    @dataclass
    class Folded(Message):
        """Other kinds are folded now: `all_knobs` where all knobs are shown, `changed_knobs` where the changed ones."""

        all_knobs: frozenset[str]
        changed_knobs: frozenset[str]

    class Redrawn(Message):
        """Rows may have come, gone or moved."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cell_padding=0)
        self._state = RunState()
        self._history = _NO_HISTORY
        self._wanted: Mapping[str, Value] = {}
        self._filter = KnobFilter()
        self._folded: dict[bool, frozenset[str]] = {False: frozenset(), True: frozenset()}
        self.widths = fit(0)
        """The widths of the columns in cells."""
        self.shown: list[Row] = []
        """What the rows stand for, from the top."""

    @property
    def knob(self) -> KnobState | None:
        """The knob under the cursor."""
        return None if self.row is None else self._state.knobs.get(self.row.key)

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.shown[self.cursor_row] if self.cursor_row < len(self.shown) else None

    @property
    def knob_count(self) -> int:
        """How many knobs are let through, folded away or not."""
        return len(shown_knobs(self._state, self._filter))

    def show(self, state: RunState, history: KnobHistory = _NO_HISTORY, wanted: Mapping[str, Value] = {}) -> None:
        """Bring the rows up to date; cells that say the same are left alone."""
        self._state, self._history, self._wanted = state, history, wanted
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
        """Fold these kinds and no others, where all knobs are shown and where the changed ones are."""
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

    def action_turn_over(self) -> None:
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

    def action_step(self, factor: float) -> None:
        """Ask for the value of the knob under the cursor times `factor`."""
        if self.knob is not None:
            self.post_message(self.StepRequested(self.knob, factor))

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that the rows have moved."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Redrawn())

    def on_click(self, event: events.Click) -> None:
        """Fold or unfold the kind whose heading is clicked."""
        place = event.style.meta.get("row", -1)
        if 0 <= place < len(self.shown) and self.shown[place].is_heading:
            self.move_cursor(row=place)
            self.action_turn_over()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Have the heading in sight with the first knob below it."""
        above = self.cursor_row - 1
        if 0 <= above < len(self.shown) and self.shown[above].is_heading and self.scroll_y > above:
            self.scroll_to(y=above, animate=False)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Ask to edit the row's knob."""
        event.stop()
        if self.knob is not None:
            self.post_message(self.EditRequested(self.knob))

    def _heading_of(self, kind: str) -> bool:
        """Tell whether a kind has a heading now."""
        return any(row.is_heading and row.kind == kind for row in self.shown)

    def _go_to_heading(self, kind: str) -> None:
        self.move_cursor(row=next(i for i, row in enumerate(self.shown) if row.is_heading and row.kind == kind))

    def _fold(self, folded: frozenset[str]) -> None:
        self._folded[self._filter.only_changed] = folded
        self._filter = replace(self._filter, folded=folded)
        self._update()
        self.post_message(self.Folded(self._folded[False], self._folded[True]))

    def _update(self) -> None:
        self.widths = fit(self.scrollable_content_region.width)
        self.shown = knob_rows(self._state, self._filter, self.widths, self._history, self._wanted)
        columns = [
            Column(key, label, width + GAP) for key, label in _LABELS.items() if (width := getattr(self.widths, key))
        ]
        is_rebuilt = self.show_rows(
            columns,
            {row.key: [getattr(row.cells, column.key) for column in columns] for row in self.shown},
            bold={row.key for row in self.shown if row.is_heading},
            first_row=next((i for i, row in enumerate(self.shown) if not row.is_heading), 0),
        )
        if is_rebuilt:
            self.post_message(self.Redrawn())
