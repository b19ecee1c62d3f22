"""The list of what was done to a training, to undo or redo any of it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import DataTable, Static

from trainer_proc.contract.requests import Redo, Undo
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.session.interventions.listing import ListedIntervention, list_interventions, undo_or_redo
from tui.session.interventions.marks import MARK_LEGEND, MARK_SIGNS
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState
from tui.session.text import plain, shortened
from tui.widgets.dialogs import Dialog
from tui.widgets.diff_table import Column, DiffTable

_COLUMNS = {"#": 4, "iteration": 9, "by": 12, "state": 7}
_PADDING = 2
_WIDTH_FOR_NOTES = 60
"""From this width left for change and note on, both have a column; below the table both are told in full."""


class HistoryDialog(Dialog[Undo | Redo | None]):
    """Lists interventions, newest first; gives back what undoes or redoes the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,q", "dismiss(None)", "back", tooltip="Go back to the screen below", id="history.back"),
        Binding("b", "impact", "before/after", tooltip="Tell what the highlighted change did", id="history.impact"),
    ]
    DEFAULT_CSS = """
    HistoryDialog { align: center middle; }
    HistoryDialog > Vertical {
        width: 95%; max-width: 140; height: auto; max-height: 90%;
        border: round $border; padding: 0 1; background: $surface;
    }
    HistoryDialog DiffTable { height: auto; max-height: 55vh; min-height: 3; scrollbar-size: 0 1; }
    HistoryDialog #detail { height: 4; margin-top: 1; }
    """

    def __init__(self, state: RunState, history: MetricHistory) -> None:
        """List what is in `state` now; `history` tells what came of each."""
        super().__init__()
        self._state = state
        self._history = history
        self._listed = list_interventions(state)

    def compose(self) -> ComposeResult:
        """Lay out the table and, below it, the highlighted intervention in full."""
        with Vertical() as box:
            box.border_title = Content(f"interventions: {MARK_LEGEND}")
            box.border_subtitle = "Enter undoes or redoes, b before/after, Esc goes back"
            yield DiffTable()
            yield Static("", id="detail", markup=False)

    def on_mount(self) -> None:
        """Say it where there is nothing to list."""
        if not self._listed:
            self._tell("nothing has been changed yet")

    def on_resize(self) -> None:
        """Fit the columns, once the table has its size."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        table = self.query_one(DiffTable)
        left = table.scrollable_content_region.width - sum(width + _PADDING for width in _COLUMNS.values()) - _PADDING
        note = left // 3 if left >= _WIDTH_FOR_NOTES else 0
        widths = _COLUMNS | {"change": left - note}
        if note:
            widths["note"] = note - _PADDING
        table.show_rows(
            [Column(label, label, max(width, 1)) for label, width in widths.items()],
            {
                str(listed.number): [
                    shortened(plain(cell), width) for cell, width in zip(_cells(listed), widths.values(), strict=False)
                ]
                for listed in self._listed
            },
        )

    @on(DataTable.RowHighlighted)
    def _show_detail(self, event: DataTable.RowHighlighted) -> None:
        listed = self._listed[event.cursor_row]
        lines = [f"#{listed.number} {listed.what}", listed.problem, f"note: {listed.note}" if listed.note else ""]
        self._tell("\n".join(line for line in lines if line))

    @on(DataTable.RowSelected)
    def _choose(self, event: DataTable.RowSelected) -> None:
        listed = self._listed[event.cursor_row]
        command = undo_or_redo(listed, self._state)
        if command is not None:
            self.dismiss(command)
        else:
            self._tell(f"#{listed.number} was never applied: there is nothing to undo")

    def action_impact(self) -> None:
        """Tell what the highlighted intervention did."""
        if not self._listed:
            return
        listed = self._listed[self.query_one(DiffTable).cursor_row]
        if listed.state in ("pending", "failed"):
            self._tell(f"#{listed.number} is {listed.state}: nothing came of it")
        else:
            self.app.push_screen(ImpactDialog(self._state, self._history, listed.number))

    def _tell(self, text: str) -> None:
        self.query_one("#detail", Static).update(Content(plain(text)))


def _cells(listed: ListedIntervention) -> tuple[str, ...]:
    iteration = "" if listed.iteration is None else str(listed.iteration)
    by = f"{MARK_SIGNS[listed.mark]} {listed.origin}"
    return str(listed.number), iteration, by, listed.state, listed.what, listed.note
