"""The charts of a board, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ItemGrid, ScrollableContainer

from curricula.curriculum import Curriculum
from trainer_proc.wire.messages import GuardFired, InterventionApplied
from tui.session.board import DEFAULT_BOARD, ChartPlan, board_of, lines_of, title_of
from tui.session.history import MetricHistory
from tui.session.marks import mark_of
from tui.session.state import RunState
from tui.widgets.chart import Chart

_COLUMN_WIDTH, _WIDE_COLUMN_WIDTH = 26, 36
_LINES_FOR_WIDE_COLUMNS = 40
"""From this height on, fewer and wider columns of charts fit."""


class ChartGrid(ItemGrid, can_focus=True):
    """One chart for each plan of the run's board; as many columns as fit. Keys scroll it where it does not fit."""

    BINDINGS: ClassVar[list[BindingType]] = ScrollableContainer.BINDINGS

    def __init__(self, history: MetricHistory, *, id: str | None = None) -> None:
        super().__init__(id=id, min_column_width=_COLUMN_WIDTH, regular=True)
        self._history = history
        self._board: tuple[ChartPlan, ...] = DEFAULT_BOARD
        self._charts = [Chart() for _ in self._board]
        self._marked_interventions: set[int] = set()
        self._guards_seen = 0

    def compose(self) -> ComposeResult:
        """Make the charts."""
        self._plan()
        yield from self._charts

    def allow_focus(self) -> bool:
        """Take the focus only where there is something to scroll."""
        return self.max_scroll_y > 0

    def on_resize(self, event: events.Resize) -> None:
        """Choose the columns' width: a curve over iterations had better be wide than high."""
        roomy = event.size.height >= _LINES_FOR_WIDE_COLUMNS
        self.min_column_width = _WIDE_COLUMN_WIDTH if roomy else _COLUMN_WIDTH

    def show(self, state: RunState, curricula: Sequence[Curriculum]) -> None:
        """Draw what is new: data, lines and the marks of interventions."""
        board = board_of(curricula)
        if board != self._board:
            self._board = board
            self._plan()
        new = [body for number, body in state.interventions.items() if number not in self._marked_interventions]
        fired = state.guards_fired[self._guards_seen :]
        self._marked_interventions.update(body.number for body in new)
        self._guards_seen += len(fired)
        happened: list[InterventionApplied | GuardFired] = [*new, *fired]
        marks = [mark for body in happened if (mark := mark_of(body)) is not None]
        for plan, chart in zip(self._board, self._charts, strict=True):
            if marks:
                chart.add_marks(marks)
            chart.set_title(title_of(plan, state))
            chart.set_references(lines_of(plan, state, curricula))
            chart.data_changed()

    def _plan(self) -> None:
        for plan, chart in zip(self._board, self._charts, strict=True):
            chart.set_title(plan.title)
            chart.set_curves([(name, self._history.series[metric]) for name, metric in plan.curves])
