"""The table of knobs: what each is set to, what it brings in, and what happens to it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from tui.session.knob_rows import GAP, KnobFilter, Row, fit, knob_rows
from tui.session.state import KnobState, RunState

_LABELS = {"name": "  knob", "value": "value", "default": "default", "metric": "metric", "state": "state"}


class KnobTable(DataTable[Text]):
    """One row a knob; Enter on a row asks to edit it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "first knob", show=False),
        Binding("end", "scroll_bottom", "last knob", show=False),
    ]

    class EditRequested(Message):
        """The person wants to change a knob."""

        def __init__(self, knob: KnobState) -> None:
            super().__init__()
            self.knob = knob

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True, cell_padding=0)
        self._state = RunState()
        self._filter = KnobFilter()
        self._widths = fit(0)
        self._rows: list[Row] = []

    @property
    def knob(self) -> KnobState | None:
        """The knob under the cursor."""
        row = self._rows[self.cursor_row] if self.cursor_row < len(self._rows) else None
        return None if row is None else self._state.knobs.get(row.key)

    @property
    def knob_count(self) -> int:
        """How many knobs are shown."""
        return sum(not row.is_heading for row in self._rows)

    def show(self, state: RunState) -> None:
        """Bring the rows up to date; cells that say the same are left alone."""
        self._state = state
        self._update()

    def restrict(self, which: KnobFilter) -> None:
        """Show only the knobs that `which` lets through, the cursor on the best match."""
        is_other_match = which.pattern != self._filter.pattern
        self._filter = which
        self._update()
        if is_other_match and which.pattern:
            self.move_cursor(row=0)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Keep the cursor off headings: it goes on in its direction, or back where nothing follows."""
        row, column = super().validate_cursor_coordinate(value)
        if row >= len(self._rows) or not self._rows[row].is_heading:
            return Coordinate(row, column)
        below, above = range(row, len(self._rows)), range(row, -1, -1)
        upwards = row < self.cursor_coordinate.row
        ahead = [*above, *below] if upwards else [*below, *above]
        return Coordinate(next(i for i in ahead if not self._rows[i].is_heading), column)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Have the heading in sight with the first knob below it."""
        above = self.cursor_row - 1
        if 0 <= above < len(self._rows) and self._rows[above].is_heading and self.scroll_y > above:
            self.scroll_to(y=above, animate=False)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Ask to edit the row's knob."""
        event.stop()
        if self.knob is not None:
            self.post_message(self.EditRequested(self.knob))

    def _update(self) -> None:
        widths = fit(self.scrollable_content_region.width)
        rows = knob_rows(self._state, self._filter, widths)
        if widths != self._widths or [row.key for row in rows] != [row.key for row in self._rows]:
            self._widths = widths
            self._rebuild(rows)
            return
        for row, shown in zip(rows, self._rows, strict=True):
            if row == shown:
                continue
            for column, cell, old in zip(_LABELS, row.cells, shown.cells, strict=True):
                if cell != old and self._width(column):
                    self.update_cell(row.key, column, _text(cell, row))
        self._rows = rows

    def _rebuild(self, rows: list[Row]) -> None:
        """Make all rows anew; the cursor stays on its knob."""
        before = self.cursor_row
        key = self._rows[before].key if before < len(self._rows) else ""
        self._rows = []
        self.clear(columns=True)
        columns = [column for column in _LABELS if self._width(column)]
        for column in columns:
            self.add_column(_LABELS[column], key=column, width=self._width(column) + GAP)
        for row in rows:
            self.add_row(*(_text(getattr(row.cells, column), row) for column in columns), key=row.key)
        self._rows = rows
        place = next((i for i, row in enumerate(rows) if row.key == key), min(before, max(len(rows) - 1, 0)))
        self.move_cursor(row=place)

    def _width(self, column: str) -> int:
        width: int = getattr(self._widths, column)
        return width


def _text(cell: str, row: Row) -> Text:
    return Text(cell, "bold" if row.is_heading else "")
