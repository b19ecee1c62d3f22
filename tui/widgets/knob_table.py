"""The table of knobs: what each is set to, what it brings in, and what happens to it."""

from __future__ import annotations

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from tui.session.describe import number
from tui.session.state import KnobState, RunState
from tui.session.text import plain

_COLUMNS = {"term": 0, "weight": 9, "per episode": 11, "state": 26}
"""Labels and widths in cells; 0 is as wide as the longest name."""


class KnobTable(DataTable[Text]):
    """One row a knob; Enter on a row asks to edit it."""

    class EditRequested(Message):
        """The person wants to change a knob."""

        def __init__(self, knob: KnobState) -> None:
            super().__init__()
            self.knob = knob

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self.border_title = "reward terms (Enter edits)"
        self._state = RunState()
        self._shown: dict[str, tuple[str, ...]] = {}

    def on_mount(self) -> None:
        """Show the columns' labels from the start."""
        self._rebuild({})

    def show(self, state: RunState) -> None:
        """Bring the rows up to date; cells that say the same are left alone."""
        self._state = state
        rows = {name: knob_cells(knob, state) for name, knob in state.knobs.items()}
        if list(self._shown) != list(rows):
            self._rebuild(rows)
        for name, cells in rows.items():
            for column, cell, shown in zip(_COLUMNS, cells, self._shown[name], strict=True):
                if cell != shown:
                    self.update_cell(name, column, Text(cell))
        self._shown = rows

    def _rebuild(self, rows: dict[str, tuple[str, ...]]) -> None:
        """Make all rows anew, in columns of a fixed width so that no new value moves the others."""
        self.clear(columns=True)
        self.border_subtitle = "" if rows else "known once the environment is built"
        longest_name = max((len(cells[0]) for cells in rows.values()), default=0)
        for label, width in _COLUMNS.items():
            self.add_column(label, key=label, width=width or max(longest_name, len(label)))
        for name, cells in rows.items():
            self.add_row(*(Text(cell) for cell in cells), key=name)
        self._shown = rows

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Ask to edit the row's knob."""
        event.stop()
        knob = self._state.knobs.get(event.row_key.value or "")
        if knob is not None:
            self.post_message(self.EditRequested(knob))


def knob_cells(knob: KnobState, state: RunState) -> tuple[str, ...]:
    """Return a knob's row: name, value, its metric's newest value, and what happens to it."""
    name = knob.knob.name.removeprefix("reward/").removesuffix("/weight")
    note = knob.knob.read_only
    if knob.pending is not None:
        note = f"pending → {number(knob.pending)}"
    elif knob.applied_at is not None:
        note = f"applied at iteration {knob.applied_at}"
    return plain(name), number(knob.value), number(state.latest.get(knob.knob.metric)), plain(note)
