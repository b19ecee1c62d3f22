"""A screen with a board of charts: the keys that every such screen has."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.navigation import ExportView
from tui.session.board.pages import PAGE_TITLES
from tui.session.text import plain
from tui.terminal.partial_repaint import LiveScreen
from tui.widgets.board import ChartBoard


class ChartScreen(LiveScreen):
    """To be inherited by screens that have one `ChartBoard`.

    A class on the screen, `-maximised`, tells that a chart is to have all the room there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # before all others: letters that are typed behind it, in one piece maybe, must find the dialog open
        Binding(
            "f", "find_metric", "find metric", show=False, id="charts.find", priority=True,
            tooltip="Find a metric; pin it or put it on a chart",
        ),
        Binding("z", "zoom(1)", "zoom in", show=False, id="charts.zoom-in", tooltip="Show half as much of the x axis"),
        Binding("Z", "zoom(-1)", "zoom out", show=False, id="charts.zoom-out", tooltip="Show twice as much"),
        Binding("0", "reset_view", "reset view", show=False, id="charts.reset",
                tooltip="Show all data, without a crosshair"),
        Binding("less_than_sign", "smooth(-1)", "less smoothing", key_display="<", show=False,
                id="charts.less-smoothing", tooltip="Smooth the curves less"),
        Binding("greater_than_sign", "smooth(1)", "more smoothing", key_display=">", show=False,
                id="charts.more-smoothing", tooltip="Smooth the curves more; what was measured stays behind them"),
        Binding("L", "log_y", "log y", show=False, id="charts.log-y",
                tooltip="Logarithmic values on the chosen chart; on the whole page while the charts aren't focused"),
        Binding("X", "x_unit", "x unit", show=False, id="charts.x-unit",
                tooltip="Let the x axis count iterations, environment steps or time"),
        Binding("w", "write_view", "write", show=False, id="charts.write",
                tooltip="Write the chosen chart, the page or the screen into a file: SVG, PNG or CSV"),
        *(
            Binding(f"{page}", f"chart_page({page})", f"charts: {title}", show=False, id=f"charts.page-{page}",
                    tooltip=f"Show the page of charts that is called {title}")
            for page, title in enumerate(PAGE_TITLES, start=1)
        ),
    ]  # fmt: skip

    @property
    def board(self) -> ChartBoard:
        """The screen's charts."""
        return self.query_one(ChartBoard)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to a field while one types there."""
        return action != "find_metric" or not isinstance(self.focused, Input)

    def action_chart_page(self, page: int) -> None:
        """Show a page of charts; the first is 1."""
        self.board.go_to(page - 1)

    def action_find_metric(self) -> None:
        """Find a metric."""
        self.board.find()

    def action_zoom(self, direction: int) -> None:
        """Zoom in (1) or out (-1)."""
        self.board.zoom(direction)

    def action_reset_view(self) -> None:
        """Show all the data."""
        self.board.reset()

    def action_smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self.board.smooth(steps)

    def action_log_y(self) -> None:
        """Draw over a logarithmic value axis, or a linear one again."""
        self.board.toggle_log()

    def action_x_unit(self) -> None:
        """Let the x axis count the next unit."""
        self.board.next_unit()

    @on(ChartBoard.Maximised)
    def _make_room(self, message: ChartBoard.Maximised) -> None:
        self.set_class(message.is_maximised, "-maximised")
        self.refresh_bindings()

    def action_write_view(self) -> None:
        """Open the export dialog."""
        charts, chosen = self.board.describe_charts()
        self.post_message(ExportView(charts, chosen, self.board.page.title, self.board.chosen_chart is not None))

    @on(ChartBoard.Problem)
    def _tell_of_the_board(self, message: ChartBoard.Problem) -> None:
        self.notify(plain(message.text), severity="warning", markup=False)
