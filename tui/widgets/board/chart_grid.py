"""The grid of a page's charts; one chart is chosen and can be maximised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.session.board.chart_source import ChartSource, curves_of
from tui.session.board.plans import ChartPlan, leading_charts
from tui.session.metrics.series import Series
from tui.widgets.board.grid_layout import GridShape, grid_shape
from tui.widgets.chart import Chart

_GAP = 2
_ONE_ALONE = GridShape(1, 1, (), (1,), scrolls=False)


class ChartGrid(Widget, can_focus=True):
    """Shows plans as charts; chart widgets are reused by the next page."""

    DEFAULT_CSS = """
    ChartGrid {
        layout: grid;
        grid-size: 1;
        grid-gutter: 0 2;
        padding: 0 0 0 1;
        overflow: hidden auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        width: 1fr;
        height: 1fr;
    }
    ChartGrid > Chart { height: 1fr; min-height: 1; }
    ChartGrid > .-unused { display: none; }
    ChartGrid:focus > Chart.-chosen > .chart--title { text-style: bold reverse; }
    ChartGrid > #empty { display: none; color: $text-muted; content-align: center middle; height: 1fr; width: 1fr; }
    ChartGrid.-empty > #empty { display: block; }
    """

    class Arranged(Message):
        """The sizes of the charts have changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.is_maximised = False
        self._plans: tuple[ChartPlan, ...] = ()
        self._sources: tuple[ChartSource, ...] = ()
        self._charts: list[Chart] = []
        self._curves: list[list[tuple[str, Series]]] = []
        self._chosen = 0
        self._columns = 0
        self._arranged: object = None

    def compose(self) -> ComposeResult:
        yield Static("", id="empty", markup=False)

    @property
    def shown(self) -> Iterator[tuple[ChartPlan, Chart]]:
        """The plans of the page with their charts; only the maximised one, if there is one."""
        for place, pair in enumerate(zip(self._plans, self._charts, strict=False)):
            if not self.is_maximised or place == self._chosen:
                yield pair

    @property
    def chosen(self) -> tuple[ChartPlan, Chart] | None:
        """The chosen chart; None on an empty page."""
        return (self._plans[self._chosen], self._charts[self._chosen]) if self._plans else None

    @property
    def target(self) -> Chart | None:
        """The chart that keys act on: the chosen one while the grid has focus, or the maximised one."""
        return self.chosen[1] if self.chosen is not None and (self.has_focus or self.is_maximised) else None

    @property
    def plot_cells(self) -> int:
        """Width of the chosen chart's plot in cells."""
        plot = None if self.chosen is None else self.chosen[1].plot
        return 1 if plot is None else plot.cells

    def show(self, plans: Sequence[ChartPlan], sources: Sequence[ChartSource], columns: int, empty: str) -> None:
        """Show these plans only, in `columns` columns (0: automatic); show `empty` if there are none."""
        chosen_key = self._plans[self._chosen].key if self._plans else ""
        self._plans = tuple(plans)
        self._columns = columns
        keys = [plan.key for plan in plans]
        self._chosen = keys.index(chosen_key) if chosen_key in keys else 0
        self.is_maximised = self.is_maximised and chosen_key in keys
        self._sources = tuple(sources)
        self._make_charts()
        self._set_curves()
        self.set_class(not plans, "-empty")
        self.query_one("#empty", Static).update(empty)
        self._place()

    def choose(self, place: int) -> None:
        """Choose the chart at this index of the page and scroll to it."""
        if self._plans:
            self._chosen = min(max(place, 0), len(self._plans) - 1)
            self._place()
            self._charts[self._chosen].scroll_visible(animate=False)

    def choose_chart(self, chart: Widget) -> None:
        self.choose(next(place for place, one in enumerate(self._charts) if one is chart))

    def step(self, by: int) -> None:
        """Choose the chart below (1) or above (-1), column by column."""
        order = self._down_the_columns()
        if order:
            self.choose(order[(order.index(self._chosen) + by) % len(order)])

    def maximise(self, is_maximised: bool) -> None:
        """Let the chosen chart fill the grid, or show all charts again."""
        self.is_maximised = is_maximised and bool(self._plans)
        self._set_curves()
        self._place()
        if not self.is_maximised and self._plans:
            self.call_after_refresh(self._charts[self._chosen].scroll_visible, animate=False)

    def other_columns(self, by: int) -> int:
        """Return the number of columns after changing it by `by`; 0 (automatic) beyond the most that fit."""
        columns = self._shape_with(self._columns).across + by
        return columns if self._shape_with(columns).across == columns else 0

    def on_resize(self, event: events.Resize) -> None:
        self._place()

    def _make_charts(self) -> None:
        missing = len(self._plans) - len(self._charts)
        if missing > 0:
            new = [Chart() for _ in range(missing)]
            self._charts += new
            self._curves += [[] for _ in new]
            self.mount(*new)

    def load_drawn(self) -> None:
        """Read what the charts draw where it is still in a journal, all at once."""
        for source in self._sources:
            source.history.load(metric for plan in self._plans for metric in plan.metrics)

    def _set_curves(self) -> None:
        self.load_drawn()
        for place, (plan, chart) in enumerate(zip(self._plans, self._charts, strict=False)):
            curves = curves_of(plan, self._sources, named=self.is_maximised)
            drawn = [(curve.name, curve.series) for curve in curves]
            if drawn != self._curves[place]:
                self._curves[place] = drawn
                chart.set_curves(curves)

    def _place(self) -> None:
        """Arrange the charts if anything that their places depend on has changed."""
        leading = leading_charts(self._plans)
        arranged = (self.size, len(self._plans), leading, self._chosen, self._columns, self.is_maximised)
        if arranged == self._arranged or not self.size:
            return
        self._arranged = arranged
        shape = self._shape()
        for place, chart in enumerate(self._charts):
            is_used = place < len(self._plans) and (not self.is_maximised or place == self._chosen)
            chart.set_class(not is_used, "-unused")
            chart.set_class(place == self._chosen, "-chosen")
            if is_used:
                chart.styles.column_span = 1 if self.is_maximised else shape.spans[place]
        self.styles.grid_size_columns = shape.columns
        self.styles.grid_rows = " ".join(map(str, shape.row_heights)) or "1fr"
        self.call_after_refresh(self.post_message, self.Arranged())

    def _shape(self) -> GridShape:
        if self.is_maximised or not self._plans:
            return _ONE_ALONE
        return self._shape_with(self._columns)

    def _shape_with(self, columns: int) -> GridShape:
        width, height = self.content_size
        leading = leading_charts(self._plans)
        return grid_shape(len(self._plans) or 1, width=width, height=height, gap=_GAP, columns=columns, leading=leading)

    def _down_the_columns(self) -> list[int]:
        if self.is_maximised:
            return list(range(len(self._plans)))
        places = list(self._shape().places())
        return sorted(range(len(self._plans)), key=lambda chart: places[chart])
