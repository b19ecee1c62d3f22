"""The board of charts as it is seen: pages, one view for all charts, and the layout that is kept for a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from curricula.curriculum import Curriculum
from tui.charts.axes import LABEL_WIDTH
from tui.charts.description import ChartDescription
from tui.charts.plan_description import describe_plan
from tui.charts.view import ChartView
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout, LayoutError, read_layout, write_layout
from tui.session.board.lines import band_of, lines_of, title_of
from tui.session.board.pages import BoardContent, Page, names_of, pages_of
from tui.session.board.plans import ChartPlan
from tui.session.settings.config import Board as BoardSettings
from tui.session.state import RunState
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.chart_grid import ChartGrid
from tui.widgets.board.header_text import view_texts
from tui.widgets.board.run_legend import RunLegend
from tui.widgets.board.shared_view import SharedView
from tui.widgets.chart import Chart

_AXIS_WIDTH = LABEL_WIDTH + 1
_BAND = "learning rate stays"
_LINES_FOR_BAND_LABELS = 12
"""A lower chart has no line to spare for what its band means."""


@dataclass(frozen=True)
class _Read:
    """What the state of a run tells the charts of a board."""

    state: RunState = field(default_factory=RunState)
    curricula: Sequence[Curriculum] = ()


class BoardView(Vertical):
    """Shows the metrics of one run, or of several on the same charts, in pages.

    `show` draws what is new. What a person arranges is kept for `task`, unless that is empty; `settings` are what it
    begins with. `is_own` tells that the runs are of this program, whose metrics are known before they come.
    """

    DEFAULT_CSS = """
    BoardView { height: 1fr; width: 1fr; }
    """

    @dataclass
    class Maximised(Message):
        """A chart has got all the room, or has given it back."""

        is_maximised: bool

    @dataclass
    class LayoutRead(Message):
        """The layout that was kept for the task has been read."""

        layout: BoardLayout

    @dataclass
    class Problem(Message):
        """Something that a person should know of the kept layout, in one line."""

        text: str

    def __init__(
        self,
        sources: Sequence[ChartSource],
        task: str = "",
        *,
        is_own: bool = True,
        settings: BoardSettings | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        settings = settings or BoardSettings()
        self._view = SharedView(sources, settings.x, settings.smoothing)
        self._kept_for = task
        self._content = BoardContent(is_own=is_own, charts=tuple(settings.metrics))
        self._read = _Read()
        self._layout = BoardLayout(smoothing=settings.smoothing, x=settings.x)
        self._layout_lock = Lock()
        self._pages: tuple[Page, ...] = ()
        self._page = 0
        self._marks_drawn: dict[Chart, int] = {}

    def compose(self) -> ComposeResult:
        """Lay out the line at the edge, the runs' names and the charts."""
        yield BoardHeader()
        yield RunLegend()
        yield ChartGrid()

    def on_mount(self) -> None:
        """Arrange the charts as the person did before."""
        self._take_pages()
        self._show_page()
        self._show_runs()
        if self._kept_for:
            self._read_layout()

    def show(self, state: RunState, curricula: Sequence[Curriculum] = ()) -> None:
        """Draw what is new in the sources; `state` tells weights, thresholds and the desired KL."""
        self._read = _Read(state, curricula)
        self._take_content(names=names_of(self._sources), curricula=tuple(one.name for one in curricula))
        self._draw(urgent=False)

    def set_sources(self, sources: Sequence[ChartSource]) -> None:
        """Draw other runs."""
        self._view.sources = tuple(sources)
        self._marks_drawn.clear()
        self._content = replace(self._content, names=names_of(self._sources))
        self._take_pages()
        self._show_runs()

    # --- what is seen ---

    @property
    def chosen_chart(self) -> Chart | None:
        """The chart that a key means: the one chosen while the charts are focused, or the one that has all the room."""
        area = self._area
        is_meant = area.has_focus or area.is_maximised
        return area.chosen[1] if is_meant and area.chosen is not None else None

    def describe_charts(self) -> tuple[list[ChartDescription], int]:
        """Return the charts of the page for a picture of them, and the place of the chosen one, -1 if there is none."""
        view, (state, curricula) = replace(self.view, crosshair=None), (self._read.state, self._read.curricula)
        views = [replace(view, log_y=plan.key in self._layout.log) for plan in self.page.plans]
        charts = [
            describe_plan(plan, self._sources, state, curricula, one)
            for plan, one in zip(self.page.plans, views, strict=True)
        ]
        chosen = self._area.chosen
        return charts, self.page.plans.index(chosen[0]) if chosen is not None and chosen[0] in self.page.plans else -1

    @property
    def view(self) -> ChartView:
        """What all charts show; the crosshair is where the mouse is, or where keys have put it."""
        return self._view.seen

    @property
    def page(self) -> Page:
        """The page that is seen."""
        return self._pages[self._page]

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that the runs have published so far."""
        return self._content.names

    def go_to(self, page: int) -> None:
        """Show another page, the first being 0; one that there isn't is told."""
        if page >= len(self._pages):
            self.post_message(self.Problem(f"there are {len(self._pages)} pages of charts"))
            return
        self._page = page
        self.maximise(False)
        self._show_page()

    def go_to_page_of(self, title: str) -> None:
        """Show the page with this title."""
        self.go_to(next(place for place, page in enumerate(self._pages) if page.title == title))

    def maximise(self, is_maximised: bool) -> None:
        """Give the chosen chart all the room, or only its own."""
        before = self._area.is_maximised
        self._area.maximise(is_maximised)
        if self._area.is_maximised != before:
            self.post_message(self.Maximised(self._area.is_maximised))

    # --- drawing ---

    @on(ChartGrid.Arranged)
    def _fit_titles(self, message: ChartGrid.Arranged) -> None:
        message.stop()
        self._draw()

    @property
    def _area(self) -> ChartGrid:
        return self.query_one(ChartGrid)

    @property
    def _sources(self) -> tuple[ChartSource, ...]:
        return self._view.sources

    @property
    def _plot_cells(self) -> int:
        """How many cells wide the curves of the chosen chart are."""
        chosen = self._area.chosen
        plot = None if chosen is None else chosen[1].plot
        return 1 if plot is None else plot.cells

    def _take_content(self, **changes: object) -> None:
        content = replace(self._content, **changes)  # type: ignore[arg-type]
        if content != self._content:
            self._content = content
            self._take_pages()

    def _take_pages(self) -> None:
        self._pages = pages_of(self._content, self._layout)
        self._page = min(self._page, len(self._pages) - 1)
        if self.is_mounted:
            self._show_page()

    def _show_page(self) -> None:
        self._area.show(self.page.plans, self._sources, self._layout.columns, self.page.empty)
        self._draw()

    def _draw(self, urgent: bool = True) -> None:
        """Bring the charts that are seen up to date, at once if it is the person's doing: first the chosen one."""
        view, extent, (state, curricula) = self.view, self._view.extent, (self._read.state, self._read.curricula)
        chosen = self._area.chosen
        for plan, chart in sorted(self._area.shown, key=lambda shown: shown != chosen):
            chart.set_title(title_of(plan, state, self._title_width(plan, chart)))
            chart.set_references(lines_of(plan, state, curricula))
            band = band_of(plan, state)
            label = _BAND if chart.size.height >= _LINES_FOR_BAND_LABELS else ""
            chart.set_bands([] if band is None else [(*band, label)])
            chart.set_view(replace(view, log_y=plan.key in self._layout.log), extent)
            self._draw_marks(chart)
            chart.data_changed(urgent)
        self._show_edge()

    def _draw_marks(self, chart: Chart) -> None:
        count = sum(len(source.marks) for source in self._sources)
        if self._marks_drawn.get(chart) == count:
            return
        self._marks_drawn[chart] = count
        chart.set_marks(())
        for source, run in zip(self._sources, self._view.run_signs, strict=True):
            marks = [replace(mark, label=run + mark.label) for mark in source.marks]
            chart.add_marks(marks, source.history.timeline)

    def _title_width(self, plan: ChartPlan, chart: Chart) -> int:
        """Return the cells that are left beside the value; many before the chart has its place."""
        beside = _AXIS_WIDTH if len(plan.curves) == 1 == len(self._sources) else 0
        return (chart.size.width or 1000) - beside

    def _show_edge(self) -> None:
        logs = sum(plan.key in self._layout.log for plan in self.page.plans)
        texts = self._view.crosshair_texts() or view_texts(self.view, logs, self.page.left_out)
        if not self._content.is_own:  # what another library counts is told by it alone
            texts = [text.replace("iteration", "step") for text in texts]
        marks = self._view.marks_at_crosshair(self._plot_cells)
        self.query_one(BoardHeader).show(self._pages, self._page, texts, marks)

    def _show_runs(self) -> None:
        self.query_one(RunLegend).show([source.name for source in self._sources])

    # --- the layout ---

    def keep_folds(self, folded: Iterable[str], folded_changed: Iterable[str]) -> None:
        """Keep with the layout which kinds of knobs are folded, among all and among those that were changed."""
        kinds = {"folded": tuple(sorted(folded)), "folded_changed": tuple(sorted(folded_changed))}
        self._layout = msgspec.structs.replace(self._layout, **kinds)
        if self._kept_for:
            self._keep_layout()

    def _change_layout(self, layout: BoardLayout) -> None:
        self._take_layout(layout)
        if self._kept_for:
            self._keep_layout()

    def _take_layout(self, layout: BoardLayout) -> None:
        self._layout = layout
        self._view.smooth_by(layout.smoothing)
        self._view.show_over(layout.x)
        self._take_pages()

    @work(thread=True)
    def _read_layout(self) -> None:
        try:
            layout = read_layout(self._kept_for)
        except LayoutError as problem:
            self.post_message(self.Problem(str(problem)))
        else:
            if layout is not None:
                self.app.call_from_thread(self._take_layout, layout)
                self.post_message(self.LayoutRead(layout))

    @work(thread=True)
    def _keep_layout(self) -> None:
        with self._layout_lock:  # the newest is written last
            try:
                write_layout(self._kept_for, self._layout)
            except LayoutError as problem:
                self.post_message(self.Problem(str(problem)))
