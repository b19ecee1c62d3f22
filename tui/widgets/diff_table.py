"""A table that is given all its rows each time and changes only the cells that differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.style import Style
from rich.text import Text
from textual.widgets import DataTable

from tui.terminal.scroll_bars import fit_scroll_bars

_Cell: TypeAlias = tuple[str, Style | str]
"""A text and its style."""


@dataclass(frozen=True)
class Column:
    """A column: `width` in cells without padding, `key` unique in the table."""

    key: str
    label: str
    width: int
    is_right_aligned: bool = False
    label_style: Style | str = ""
    is_coloured: bool = False
    """Whether its cells have the colour of their row, if that has one."""

    def text(self, cell: str, style: Style | str = "") -> Text:
        """Return a cell of this column."""
        return Text(cell, style, no_wrap=True, justify="right" if self.is_right_aligned else "left")


class DiffTable(DataTable[Text]):
    """A table of texts with a row cursor, which stays on its row whatever comes before it."""

    def __init__(self, *, id: str | None = None, cell_padding: int = 1) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True, cell_padding=cell_padding)
        self._known_columns: tuple[Column, ...] = ()
        self._known_cells: dict[str, tuple[_Cell, ...]] = {}

    def show_rows(
        self,
        columns: Sequence[Column],
        rows: Mapping[str, Sequence[str]],
        *,
        bold: Collection[str] = (),
        first_row: int = 0,
        colours: Mapping[str, Style] = {},
    ) -> bool:
        """Show `rows`: the cells of each by its key, one cell for each of `columns`.

        Rows that follow those of before are added, and cells that differ are updated. If columns or keys differ, the
        table is rebuilt: the cursor stays on the same key, else on the same place. `bold` are keys of bold rows;
        `first_row` is where the cursor begins; `colours` are those of rows. Return whether rows were rebuilt or added.
        """
        known, keys = list(self._known_cells), list(rows)
        row, scrolled = self.cursor_row, self.scroll_y
        is_rebuilt = tuple(columns) != self._known_columns or keys[: len(known)] != known
        if is_rebuilt:
            self._clear_all(columns)
        shown = {
            key: tuple(
                (cell, colours.get(key, "") if column.is_coloured else "bold" if key in bold else "")
                for column, cell in zip(columns, cells, strict=True)
            )
            for key, cells in rows.items()
        }
        for key, cells in shown.items():
            if key in self._known_cells:
                self._update_row(key, cells)
            else:
                self.add_row(*(column.text(*cell) for column, cell in zip(columns, cells, strict=True)), key=key)
        self._known_cells = shown
        if not known:
            self.move_cursor(row=first_row)
        elif is_rebuilt:
            self.scroll_to(y=scrolled, animate=False)
            same_place = max(min(row, len(keys) - 1), 0)
            has_same_key = row < len(known) and known[row] in rows
            self.move_cursor(row=keys.index(known[row]) if has_same_key else same_place)
        return is_rebuilt or len(keys) > len(known)

    def watch_virtual_size(self) -> None:
        fit_scroll_bars(self)

    def _clear_all(self, columns: Sequence[Column]) -> None:
        self.clear(columns=True)
        self._known_columns, self._known_cells = tuple(columns), {}
        for column in columns:
            self.add_column(column.text(column.label, column.label_style), key=column.key, width=column.width)

    def _update_row(self, key: str, cells: Sequence[_Cell]) -> None:
        for column, cell, known in zip(self._known_columns, cells, self._known_cells[key], strict=True):
            if cell != known:
                self.update_cell(key, column.key, column.text(*cell))
