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

from tui.session.experiments.run_groups import Row, RunGroup, member_cells
from tui.session.runs.run_columns import COLUMNS, RunColumn, fit_columns, run_cells
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunOrder
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key


class RunTable(DiffTable):
    """A row a run or a group of runs, in an order, with marks for chosen runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("home", "scroll_top", "first run", "Go to the first run", id="runs.first"),
        key("end", "scroll_bottom", "last run", "Go to the last run", id="runs.last"),
        key("right", "fold(False)", "unfold", "List the runs of this experiment", id="runs.unfold"),
        key("left", "fold(True)", "fold", "Fold the runs of this experiment", id="runs.fold"),
    ]

    @dataclass
    class OrderRequested(Message):
        """The user sorts by `order`, or reverses it if it is the order in force."""

        order: RunOrder

    @dataclass
    class Folded(Message):
        """The user folds the runs of the experiment in `path`, or lists them."""

        path: Path
        is_folded: bool

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._chosen: frozenset[Path] = frozenset()
        self._order: tuple[RunOrder, bool] = ("newest", False)
        self.is_order_shown = False
        """Whether a column's label has the sign of the order: its column may have no room."""

    @property
    def summary(self) -> RunSummary | None:
        """The run under the cursor; None on a group."""
        row = self._row
        return row if isinstance(row, RunSummary) else None

    @property
    def group(self) -> RunGroup | None:
        """The group of runs under the cursor."""
        row = self._row
        return row if isinstance(row, RunGroup) else None

    @property
    def _row(self) -> Row | None:
        return self._rows[self.cursor_row] if 0 <= self.cursor_row < len(self._rows) else None

    def action_fold(self, is_folded: bool) -> None:
        """Fold or list the runs of the group under the cursor, or of the group of the run there."""
        row = self._row
        path = row.path if isinstance(row, RunGroup) else row.folder.path.parent if row is not None else None
        groups = [one.path for one in self._rows if isinstance(one, RunGroup)]
        if path in groups:
            self.post_message(self.Folded(path, is_folded))
            if is_folded:
                at = next(at for at, one in enumerate(self._rows) if isinstance(one, RunGroup) and one.path == path)
                self.move_cursor(row=at)

    def show(self, rows: Sequence[Row], chosen: frozenset[Path], order: RunOrder, reverse: bool) -> None:
        """Show these rows, in this order; the label of the column that they are sorted by has a sign."""
        self._rows, self._chosen, self._order = rows, chosen, (order, reverse)
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
        summaries = [row for row in self._rows if isinstance(row, RunSummary)]
        widths = fit_columns(summaries, self.scrollable_content_region.width)
        fitted = [column for column in COLUMNS if column.key in widths]
        columns = [Column(one.key, self._label(one), widths[one.key], one.is_right_aligned) for one in fitted]
        groups = {row.path for row in self._rows if isinstance(row, RunGroup)}
        rows: dict[str, tuple[str, ...]] = {}
        for row in self._rows:
            if isinstance(row, RunGroup):
                rows[str(row.path)] = row.cells(widths)
            else:
                cells = member_cells if row.folder.path.parent in groups else run_cells
                rows[str(row.folder.path)] = cells(row, widths, self._chosen)
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
