"""The history of a run: changes, to undo or redo any of them, reports of guards, and reloads."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import DataTable, Static

from trainer_proc.contract.requests import Redo, Undo
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.session.interventions.history_text import fitted_change, history_cells, history_details, short_note
from tui.session.interventions.listing import Listed, ListedIntervention, ListedMissing, list_history, undo_or_redo
from tui.session.interventions.marks import MARK_SIGNS, MarkKind
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState
from tui.session.text import plain, plain_lines, shortened
from tui.widgets.dialogs import Dialog
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key

_COLUMNS = {"#": 4, "iteration": 9, "by": 12, "state": 7}
_PADDING = 2
_WIDTH_FOR_NOTES = 60
"""From this width on, change and note have a column each; below the table both are shown in full."""


class HistoryDialog(Dialog[Undo | Redo | int | None]):
    """Lists the history, newest first; returns the request that undoes or redoes the chosen change, or None.

    A number is the last iteration before the chosen entry, to start a new run from there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,h,q", "dismiss(None)", "back", "Close this dialog", id="history.back", footer=True),
        key("b", "impact", "before/after",
            "Compare metrics before and after the selected change", id="history.impact", footer=True),
        key("C", "continue_run", "continue",
            "Start a new run from the checkpoint before the selected change", id="history.continue"),
    ]  # fmt: skip
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
        """List the history in `state`; `history` has the metrics for before/after."""
        super().__init__()
        self._state = state
        self._history = history
        self._listed = list_history(state)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = _legend({listed.mark for listed in self._listed if listed.mark is not None})
            box.border_subtitle = "Enter undoes or redoes, b before/after, Esc closes"
            yield DiffTable()
            yield Static("", id="detail", markup=False)

    def on_mount(self) -> None:
        if not self._listed:
            self._show_text("no changes yet")

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        table = self.query_one(DiffTable)
        left = table.scrollable_content_region.width - sum(width + _PADDING for width in _COLUMNS.values()) - _PADDING
        notes = [short_note(listed) for listed in self._listed]
        note = min(max(map(len, notes), default=0) + _PADDING, left // 2) if left >= _WIDTH_FOR_NOTES else 0
        widths = _COLUMNS | {"change": left - note}
        if note:
            widths["note"] = note - _PADDING
        table.show_rows(
            [Column(label, label, max(width, 1)) for label, width in widths.items()],
            {
                str(place): [
                    *(
                        shortened(plain(cell), width)
                        for cell, width in zip(_cells(listed), widths.values(), strict=False)
                    ),
                    fitted_change(listed, max(left - note, 1)),
                    *([shortened(notes[place], note - _PADDING)] if note else []),
                ]
                for place, listed in enumerate(self._listed)
            },
        )

    @on(DataTable.RowHighlighted)
    def _show_detail(self, event: DataTable.RowHighlighted) -> None:
        self._show_text(history_details(self._listed[event.cursor_row]))

    @on(DataTable.RowSelected)
    def _choose(self, event: DataTable.RowSelected) -> None:
        listed = self._listed[event.cursor_row]
        if not isinstance(listed, ListedIntervention):
            self._show_text(f"{history_details(listed)}\nnothing to undo: no knob was changed")
        elif (command := undo_or_redo(listed, self._state)) is not None:
            self.dismiss(command)
        else:
            self._show_text(f"#{listed.number} was not applied: nothing to undo")

    def action_impact(self) -> None:
        """Compare metrics before and after the selected change."""
        if not self._listed:
            return
        listed = self._listed[self.query_one(DiffTable).cursor_row]
        if not isinstance(listed, ListedIntervention):
            self._show_text(f"{history_details(listed)}\nno knob was changed: no effect to compare")
        elif listed.state in ("queued", "failed"):
            self._show_text(f"#{listed.number} is {listed.state}: no effect to compare")
        else:
            self.app.push_screen(ImpactDialog(self._state, self._history, listed.number))

    def action_continue_run(self) -> None:
        """Return the iteration before the selected entry."""
        listed = self._listed[self.query_one(DiffTable).cursor_row] if self._listed else None
        if listed is not None and not isinstance(listed, ListedMissing) and listed.iteration is not None:
            self.dismiss(max(listed.iteration - 1, 0))

    def _show_text(self, text: str) -> None:
        self.query_one("#detail", Static).update(Content(plain_lines(text)))


def _legend(kinds: Collection[MarkKind]) -> Content:
    """Return the title: the signs of these kinds of marks, in the colours that they have on charts."""
    parts: list[str | tuple[str, str]] = ["changes"]
    for kind, sign in MARK_SIGNS.items():
        if kind in kinds:
            own = f"$chart-mark-{kind}" if kind != "ramp" else ""  # a ramp has its author's
            parts += [": " if len(parts) == 1 else "  ", (sign, own), f" {kind}"]
    return Content.assemble(*parts)


def _cells(listed: Listed) -> tuple[str, ...]:
    """Return the cells of the columns that are always as wide."""
    cells = history_cells(listed)
    return cells.number, cells.iteration, f"{cells.sign} {cells.author}", cells.state
