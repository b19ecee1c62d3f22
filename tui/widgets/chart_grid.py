"""The charts of a board, side by side."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ItemGrid, ScrollableContainer

from tui.session.board import ChartPlan
from tui.session.history import MetricHistory
from tui.session.state import RunState
from tui.widgets.chart import Chart

_COLUMN_WIDTH, _WIDE_COLUMN_WIDTH = 26, 36
_LINES_FOR_WIDE_COLUMNS = 40
"""From this height on, fewer and wider columns of charts fit."""


class ChartGrid(ItemGrid, can_focus=True):
    """One chart for each plan; as many columns as fit. Keys scroll it where it does not fit."""

    BINDINGS: ClassVar[list[BindingType]] = ScrollableContainer.BINDINGS

    def __init__(self, board: tuple[ChartPlan, ...], history: MetricHistory, *, id: str | None = None) -> None:
        super().__init__(id=id, min_column_width=_COLUMN_WIDTH, regular=True)
        self._board = board
        self._history = history
        self._charts: list[tuple[ChartPlan, Chart]] = []
        self._marked: set[int] = set()

    def compose(self) -> ComposeResult:
        """Make the charts."""
        for plan in self._board:
            chart = Chart(plan.title)
            chart.add_series(plan.title, self._history.series[plan.metric])
            self._charts.append((plan, chart))
            yield chart

    def allow_focus(self) -> bool:
        """Take the focus only where there is something to scroll."""
        return self.max_scroll_y > 0

    def on_resize(self, event: events.Resize) -> None:
        """Choose the columns' width: a curve over iterations had better be wide than high."""
        roomy = event.size.height >= _LINES_FOR_WIDE_COLUMNS
        self.min_column_width = _WIDE_COLUMN_WIDTH if roomy else _COLUMN_WIDTH

    def show(self, state: RunState) -> None:
        """Draw what is new: data, references and the marks of interventions."""
        new = [body for number, body in state.interventions.items() if number not in self._marked]
        self._marked.update(body.number for body in new)
        for plan, chart in self._charts:
            for body in new:
                chart.add_mark(body.iteration, f"#{body.number}")
            if plan.reference and plan.reference in state.latest:
                chart.set_reference(state.latest[plan.reference], plan.reference_label)
            chart.data_changed()
