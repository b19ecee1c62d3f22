"""Mouse input on a chart: wheel, drag, hover and clicks become messages; they change nothing by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from tui.charts.plot import Plot
from tui.widgets.cell_picture import CellPicture

ZOOM_STEP = 0.8
"""Zoom factor of one step of the wheel."""


class ChartMouse(CellPicture):
    """A widget with a plot that posts a message for each mouse action on it."""

    @dataclass
    class ChartMessage(Message):
        """A mouse action on `chart`."""

        chart: ChartMouse

        @property
        def control(self) -> ChartMouse:
            return self.chart

    @dataclass
    class Zoomed(ChartMessage, namespace="chart"):
        """The wheel was turned: show `factor` times as much (below 1: zoom in) around the place `around`."""

        factor: float
        around: float

    @dataclass
    class Panned(ChartMessage, namespace="chart"):
        """The plot was dragged: move the view by a `share` of its width, to the right if positive."""

        share: float

    @dataclass
    class Hovered(ChartMessage, namespace="chart"):
        """The pointer is over a `place` on the x axis; None when it has left the plot."""

        place: float | None

    @dataclass
    class Chosen(ChartMessage, namespace="chart"):
        """The chart was clicked."""

    @dataclass
    class Maximised(ChartMessage, namespace="chart"):
        """The chart was double-clicked."""

    _hovered_column: int | None = None
    _dragged_from: int | None = None
    _was_dragged = False

    @property
    def plot(self) -> Plot | None:
        """Position and axes of the plot as last painted; None if no curve is visible."""
        raise NotImplementedError

    def on_mouse_move(self, event: events.MouseMove) -> None:
        column, row = self._cell(event)
        if self._dragged_from is not None:
            self._drag_to(column)
            return
        over = self._is_plot(column, row)
        if over != (self._hovered_column is not None) or (over and column != self._hovered_column):
            self._hover(column if over else None)

    def on_leave(self, event: events.Leave) -> None:
        if self._hovered_column is not None:
            self._hover(None)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._zoom(event, ZOOM_STEP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._zoom(event, 1 / ZOOM_STEP)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        column, row = self._cell(event)
        self._was_dragged = False
        if event.button == 1 and self._is_plot(column, row):
            self._dragged_from = column
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()
        self._dragged_from = None

    def on_click(self, event: events.Click) -> None:
        if not self._was_dragged:
            self.post_message(self.Maximised(self) if event.chain == 2 else self.Chosen(self))

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        """Return column and line within the content."""
        return event.x - self.gutter.left, event.y - self.gutter.top

    def _is_plot(self, column: int, row: int) -> bool:
        plot = self.plot
        return plot is not None and plot.left <= column < plot.right and plot.top <= row <= plot.bottom

    def _hover(self, column: int | None) -> None:
        self._hovered_column = column
        place = None if column is None or self.plot is None else self.plot.place(column)
        self.post_message(self.Hovered(self, place))

    def _drag_to(self, column: int) -> None:
        if self._dragged_from is not None and self.plot is not None and column != self._dragged_from:
            self.post_message(self.Panned(self, (self._dragged_from - column) / self.plot.cells))
            self._dragged_from, self._was_dragged = column, True

    def _zoom(self, event: events.MouseEvent, factor: float) -> None:
        column, row = self._cell(event)
        if self.plot is not None and self._is_plot(column, row):
            event.stop()
            event.prevent_default()
            self.post_message(self.Zoomed(self, factor, self.plot.place(column)))
