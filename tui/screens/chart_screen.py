"""A screen with a board of charts: the keys that all such screens share."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from tui.navigation import ExportView
from tui.session.board.pages import PAGE_TITLES
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.board import ChartBoard
from tui.widgets.key_hints import FooterKeys, KeyHints
from tui.widgets.key_table import key

CHART_KEYS = (
    *("charts.maximise", "charts.find", "charts.log-y", "charts.zoom-in", "charts.more-smoothing", "charts.write"),
    *("charts.x-unit", "charts.reset"),
)
"""Keys for a footer while charts have the focus, the most important first."""


class ChartScreen(PartialRepaintScreen, KeyHints):
    """Base of the screens with one `ChartBoard`. Has the class `-maximised` while one chart fills the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # with priority: letters typed after it must reach the open dialog
        key("f", "find_metric", "find metric",
            "Find a metric; pin it or add it to a chart", id="charts.find", priority=True),
        key("z", "zoom(1)", "zoom in", "Show half the x range", id="charts.zoom-in"),
        key("Z", "zoom(-1)", "zoom out", "Show twice the x range", id="charts.zoom-out"),
        key("0", "reset_view", "reset view", "Show all data and remove the crosshair", id="charts.reset"),
        key("less_than_sign", "smooth(-1)", "less smoothing",
            "Smooth the curves less", id="charts.less-smoothing", display="<"),
        key("greater_than_sign", "smooth(1)", "more smoothing",
            "Smooth the curves more; raw values stay behind them", id="charts.more-smoothing", display=">"),
        key("L", "log_y", "log y",
            "Toggle the log y axis of the chosen chart, or of the whole page", id="charts.log-y"),
        key("X", "x_unit", "x unit", "Switch the x axis: iterations, environment steps or time", id="charts.x-unit"),
        key("w", "export_view", "export view",
            "Export the chosen chart, the page or the screen as SVG, PNG or CSV", id="charts.write"),
        *(
            key(f"{page}", f"chart_page({page})", f"charts: {title}", f"Show page: {title}", id=f"charts.page-{page}")
            for page, title in enumerate(PAGE_TITLES, start=1)
        ),
    ]  # fmt: skip

    @property
    def board(self) -> ChartBoard:
        """The screen's charts."""
        return self.query_one(ChartBoard)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys whose letters the user types into a field."""
        return action != "find_metric" or not isinstance(self.focused, Input)

    def footer_keys(self) -> FooterKeys:
        """Return the keys of the charts while they have the focus, and those of the screen."""
        if isinstance(self.focused, Input):  # letters belong to the field
            return FooterKeys(("filter.leave", "filter.clear"))
        ids = list(dict.fromkeys(binding.id for _, binding in self._bindings if binding.show and binding.id))
        last = [id for id in ids if id.endswith(".leave")]
        main = [id for id in ids if id not in last]
        around = [] if self.focused is None else self.focused.ancestors_with_self
        is_on_charts = any(isinstance(node, ChartBoard) for node in around)
        return FooterKeys([*CHART_KEYS, *main] if is_on_charts else main, [*last, "app.help"])

    def key_label(self, id: str, label: str) -> str:
        return "restore" if id == "charts.maximise" and self.has_class("-maximised") else label

    def action_chart_page(self, page: int) -> None:
        """Show a page of charts, counted from 1."""
        self.board.go_to(page - 1)

    def action_find_metric(self) -> None:
        self.board.find()

    def action_zoom(self, direction: int) -> None:
        """Zoom in (1) or out (-1)."""
        self.board.zoom(direction)

    def action_reset_view(self) -> None:
        self.board.reset()

    def action_smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self.board.smooth(steps)

    def action_log_y(self) -> None:
        """Switch between a logarithmic and a linear y axis."""
        self.board.toggle_log()

    def action_x_unit(self) -> None:
        """Switch the x axis to the next unit."""
        self.board.next_unit()

    @on(ChartBoard.Maximised)
    def _make_room(self, message: ChartBoard.Maximised) -> None:
        self.set_class(message.is_maximised, "-maximised")
        self.refresh_bindings()

    def action_export_view(self) -> None:
        """Open the export dialog."""
        charts, chosen = self.board.describe_charts()
        self.post_message(ExportView(charts, chosen, self.board.page.title, self.board.chosen_chart is not None))

    @on(ChartBoard.Problem)
    def _report_problem(self, message: ChartBoard.Problem) -> None:
        self.notify(plain(message.text), severity="warning", markup=False)
