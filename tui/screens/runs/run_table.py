"""The table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import DataTable

from tui.session.runs.run_columns import COLUMNS, RunColumn, fit_columns, run_cells
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunOrder
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key


class RunTable(DiffTable):
    """A row a run, in an order, with marks for chosen runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("home", "scroll_top", "first run", "Go to the first run", id="runs.first"),
        key("end", "scroll_bottom", "last run", "Go to the last run", id="runs.last"),
    ]

    @dataclass
    class OrderRequested(Message):
        """The user sorts by `order`, or reverses it if it is the order in force."""

        order: RunOrder

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._summaries: Sequence[RunSummary] = ()
        self._chosen: frozenset[Path] = frozenset()
        self._order: tuple[RunOrder, bool] = ("newest", False)
        self.is_order_shown = False
        """Whether a column's label has the sign of the order: its column may have no room."""

    @property
    def summary(self) -> RunSummary | None:
        """The run under the cursor."""
        return self._summaries[self.cursor_row] if 0 <= self.cursor_row < len(self._summaries) else None

    def show(self, summaries: Sequence[RunSummary], chosen: frozenset[Path], order: RunOrder, reverse: bool) -> None:
        """Show these rows, in this order; the label of the column that they are sorted by has a sign."""
        self._summaries, self._chosen, self._order = summaries, chosen, (order, reverse)
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Order by the column."""
        event.stop()
        order = next((column.order for column in COLUMNS if column.key == event.column_key.value), None)
        if order is not None:  # a second click on the name sorts by age
            self.post_message(self.OrderRequested("newest" if order == "name" == self._order[0] else order))

    def _update(self) -> None:
        widths = fit_columns(self._summaries, self.scrollable_content_region.width)
        fitted = [column for column in COLUMNS if column.key in widths]
        columns = [Column(one.key, self._label(one), widths[one.key], one.is_right_aligned) for one in fitted]
        rows = {str(one.folder.path): run_cells(one, widths, self._chosen) for one in self._summaries}
        self.is_order_shown = any(shown.label != one.label for shown, one in zip(columns, fitted, strict=True))
        self.show_rows(columns, rows)

    def _label(self, column: RunColumn) -> str:
        """Return the label, with the sign of the order if the rows are sorted by this column."""
        order, reverse = self._order
        is_sorted = (order == column.order and column.key != "curve") or (order == "newest" and column.key == "run")
        if not is_sorted:
            return column.label
        falls = (order in ("name", "status", "preset")) == reverse
        return f"{column.label}{'▾' if falls else '▴'}"
