"""The table of runs: a row a run, in an order, with marks for those that were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from tui.session.runs.run_columns import LABELS, ORDER_OF, RIGHT_ALIGNED, fit_columns, run_cells
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunOrder


class RunTable(DataTable[Text]):
    """Rows are written anew only where they say something else; the cursor stays on its run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "first run", show=False, tooltip="Go to the first run", id="runs.first"),
        Binding("end", "scroll_bottom", "last run", show=False, tooltip="Go to the last run", id="runs.last"),
    ]

    @dataclass
    class OrderAsked(Message):
        """The person wants the rows in another order, or the other way round if it is the same."""

        order: RunOrder

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self._summaries: Sequence[RunSummary] = ()
        self._chosen: frozenset[Path] = frozenset()
        self._order: tuple[RunOrder, bool] = ("newest", False)
        self._columns: tuple[dict[str, int], dict[str, str]] = ({}, {})
        self._cells: dict[str, tuple[str, ...]] = {}

    @property
    def summary(self) -> RunSummary | None:
        """The run under the cursor."""
        return self._summaries[self.cursor_row] if 0 <= self.cursor_row < len(self._summaries) else None

    @property
    def is_order_told(self) -> bool:
        """Whether the column that the rows are ordered by has room, and with it the sign for that."""
        return any(label != LABELS[column] for column, label in self._columns[1].items())

    def show(self, summaries: Sequence[RunSummary], chosen: frozenset[Path], order: RunOrder, reverse: bool) -> None:
        """Show these rows, in this order; `order` and `reverse` are told above their column."""
        self._summaries, self._chosen, self._order = summaries, chosen, (order, reverse)
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Order by the column."""
        event.stop()
        order = ORDER_OF.get(str(event.column_key.value))
        if order is not None:
            self.post_message(self.OrderAsked("newest" if order == "name" == self._order[0] else order))

    def _update(self) -> None:
        widths = fit_columns(self._summaries, self.scrollable_content_region.width)
        labels = {column: self._label(column) for column in widths}
        cells = {str(one.folder.path): run_cells(one, widths, self._chosen) for one in self._summaries}
        row, scrolled, before = self.cursor_row, self.scroll_y, list(self._cells)
        is_anew = (widths, labels) != self._columns or list(cells)[: len(before)] != before
        if is_anew:
            self._begin_anew(widths, labels)
        for path, shown in cells.items():
            if path not in self._cells:
                self.add_row(*map(_text, widths, shown), key=path)
                continue
            for column, cell, old in zip(widths, shown, self._cells[path], strict=True):
                if cell != old:
                    self.update_cell(path, column, _text(column, cell))
        self._cells = cells
        if is_anew:  # the cursor stays on its run, and what is in sight where it was
            same = before[row] if row < len(before) else ""
            self.scroll_to(y=scrolled, animate=False)
            self.move_cursor(row=list(cells).index(same) if same in cells else max(min(row, len(cells) - 1), 0))

    def _begin_anew(self, widths: dict[str, int], labels: dict[str, str]) -> None:
        self.clear(columns=True)
        self._columns, self._cells = (widths, labels), {}
        for column, label in labels.items():
            self.add_column(_text(column, label), key=column, width=widths[column])

    def _label(self, column: str) -> str:
        order, reverse = self._order
        sorted_by = (order == ORDER_OF.get(column) and column != "curve") or (order == "newest" and column == "run")
        if not sorted_by:
            return LABELS[column]
        falls = (order in ("name", "status", "preset")) == reverse
        return f"{LABELS[column]}{'▾' if falls else '▴'}"


def _text(column: str, cell: str) -> Text:
    return Text(cell, no_wrap=True, justify="right" if column in RIGHT_ALIGNED else "left")
