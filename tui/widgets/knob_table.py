"""The table of knobs: what each is set to, what it brings in, and what happens to it."""

from __future__ import annotations

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from tui.session.describe import number
from tui.session.state import KnobState, RunState


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
        """Add the columns."""
        for label in ("term", "weight", "per episode", ""):
            self.add_column(label, key=label)

    def show(self, state: RunState) -> None:
        """Bring the rows up to date; cells that say the same are left alone."""
        self._state = state
        if list(self._shown) != list(state.knobs):
            self.clear()
            self._shown = {}
        for name, knob in state.knobs.items():
            cells = knob_cells(knob, state)
            if name not in self._shown:
                self.add_row(*(Text(cell) for cell in cells), key=name)
            elif cells != self._shown[name]:
                for column, cell in zip(self.columns, cells, strict=True):
                    self.update_cell(name, column, Text(cell), update_width=True)
            self._shown[name] = cells

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Ask to edit the row's knob."""
        event.stop()
        knob = self._state.knobs.get(event.row_key.value or "")
        if knob is not None:
            self.post_message(self.EditRequested(knob))


def knob_cells(knob: KnobState, state: RunState) -> tuple[str, ...]:
    """Return a knob's row: name, value, its metric's newest value, and what happens to it."""
    name = knob.knob.name.removeprefix("reward/").removesuffix("/weight")
    value = number(knob.value)
    if knob.pending is not None:
        return name, f"{value} → {number(knob.pending)}", number(state.latest.get(knob.knob.metric)), "pending"
    note = knob.knob.read_only
    if knob.applied_at is not None:
        note = f"applied at iteration {knob.applied_at}"
    return name, value, number(state.latest.get(knob.knob.metric)), note
