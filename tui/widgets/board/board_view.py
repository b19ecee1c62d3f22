"""The view of a board of charts: pages, one shared view for all charts, and the layout stored for a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from curricula.curriculum import Curriculum
from tui.charts.description import ChartDescription
from tui.charts.plan_description import describe_plan
from tui.charts.view import ChartView
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout, LayoutError, read_layout, write_layout
from tui.session.board.lines import is_log_by_default
from tui.session.board.pages import SHARES, BoardContent, Page, names_of, pages_of, replaced_of
from tui.session.board.plans import ChartPlan
from tui.session.board.shares import share_plans
from tui.session.settings.config import Board as BoardSettings
from tui.session.state import RunState
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.chart_grid import ChartGrid
from tui.widgets.board.chart_update import RunContext, update_annotations, update_marks
from tui.widgets.board.run_legend import RunLegend
from tui.widgets.board.shared_view import SharedView
from tui.widgets.chart import Chart
from tui.widgets.shown_keys import key_of


class BoardView(Vertical):
    """Shows the metrics of one run, or of several on shared charts, in pages.

    The user's layout is stored for `task`, unless that is empty; `settings` are its defaults. `is_own` says that the
    runs are of this program, whose metrics are known in advance.
    """

    DEFAULT_CSS = """
    BoardView { height: 1fr; width: 1fr; }
    """

    @dataclass
    class Maximised(Message):
        """A chart fills the board, or no longer does."""

        is_maximised: bool

    @dataclass
    class LayoutRead(Message):
        """The layout stored for the task has been read."""

        layout: BoardLayout

    @dataclass
    class Problem(Message):
        """A warning for the user, in one line."""

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
        self._layout_task = task
        self._content = BoardContent(is_own=is_own, charts=tuple(settings.metrics))
        self._run_context = RunContext()
        self._layout = BoardLayout(smoothing=settings.smoothing, x=settings.x)
        self._layout_lock = Lock()
        self._pages: tuple[Page, ...] = ()
        self._page = 0
        self._mark_counts: dict[Chart, int] = {}

    def compose(self) -> ComposeResult:
        yield BoardHeader()
        yield RunLegend()
        yield ChartGrid()

    def on_mount(self) -> None:
        self._rebuild_pages()
        self._show_page()
        self._show_runs()
        if self._layout_task:
            self._read_layout()

    def show(self, state: RunState, curricula: Sequence[Curriculum] = ()) -> None:
        """Draw new data of the sources; `state` supplies weights, thresholds and the desired KL."""
        self._run_context = RunContext(state, curricula)
        self._set_content(
            names=names_of(self._sources),
            replaced=replaced_of(self._sources),
            curricula=tuple(one.name for one in curricula),
            shares=self._shares(),
        )
        self._draw(urgent=False)

    def load_drawn(self) -> None:
        """Read what the page's charts draw, all at once."""
        self._grid.load_drawn()

    def set_sources(self, sources: Sequence[ChartSource]) -> None:
        """Show other runs."""
        self._view.sources = tuple(sources)
        self._mark_counts.clear()
        self._content = replace(
            self._content,
            names=names_of(self._sources),
            replaced=replaced_of(self._sources),
            shares=self._shares(),
        )
        self._rebuild_pages()
        self._show_runs()

    # --- what is shown ---

    @property
    def chosen_chart(self) -> Chart | None:
        """The chart that keys act on: the chosen one while the grid has focus, or the maximised one."""
        return self._grid.target

    def describe_charts(self) -> tuple[list[ChartDescription], int]:
        """Return the charts of the page for export, and the index of the chosen one, -1 if there is none."""
        charts = [
            describe_plan(
                plan,
                self._sources,
                state=self._run_context.state,
                curricula=self._run_context.curricula,
                view=replace(self.view, crosshair=None, log_y=self._is_log(plan)),
            )
            for plan in self.page.plans
        ]
        chosen = self._grid.chosen
        return charts, self.page.plans.index(chosen[0]) if chosen is not None and chosen[0] in self.page.plans else -1

    @property
    def view(self) -> ChartView:
        """The view of all charts; its crosshair follows the mouse, or is where keys have put it."""
        return self._view.current

    @property
    def page(self) -> Page:
        """The current page."""
        return self._pages[self._page]

    @property
    def charts(self) -> list[tuple[ChartPlan, Chart]]:
        """The visible charts with their plans."""
        return list(self._grid.shown)

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that the runs have published so far."""
        return self._content.names

    def go_to(self, page: int) -> None:
        """Show the page at this index; warn if there is none."""
        if page >= len(self._pages):
            self.post_message(self.Problem(f"there are {len(self._pages)} pages of charts"))
            return
        self._page = page
        self._set_content(shares=self._shares())
        self.maximise(False)
        self._show_page()

    def go_to_page_of(self, title: str) -> None:
        """Show the page with this title."""
        self.go_to(next(place for place, page in enumerate(self._pages) if page.title == title))

    def maximise(self, is_maximised: bool) -> None:
        """Let the chosen chart fill the board, or show all charts again."""
        before = self._grid.is_maximised
        self._grid.maximise(is_maximised)
        if self._grid.is_maximised != before:
            self.post_message(self.Maximised(self._grid.is_maximised))

    # --- drawing ---

    @on(ChartGrid.Arranged)
    def _fit_titles(self, message: ChartGrid.Arranged) -> None:
        message.stop()
        self._draw()

    @property
    def _grid(self) -> ChartGrid:
        return self.query_one(ChartGrid)

    @property
    def _sources(self) -> tuple[ChartSource, ...]:
        return self._view.sources

    def _shares(self) -> tuple[ChartPlan, ...]:
        """Return the charts of the page of shares, with newest data only while that is shown."""
        return share_plans(self._sources, is_shown=bool(self._pages) and self.page.title == SHARES)

    def _is_log(self, plan: ChartPlan) -> bool:
        return self._layout.is_log(plan.key, is_log_by_default(plan, self._sources))

    def _set_content(self, **changes: object) -> None:
        content = replace(self._content, **changes)  # type: ignore[arg-type]
        if content != self._content:
            self._content = content
            self._rebuild_pages()
            if self.is_mounted:
                self._show_runs()

    def _rebuild_pages(self) -> None:
        self._pages = pages_of(self._content, self._layout)
        self._page = min(self._page, len(self._pages) - 1)
        if self.is_mounted:
            self._show_page()

    def _show_page(self) -> None:
        self._grid.show(self.page.plans, self._sources, columns=self._layout.columns, empty=self.page.empty)
        self._draw()

    def _draw(self, urgent: bool = True) -> None:
        """Update the visible charts, the chosen one first; `urgent` draws at once, as after a key."""
        view, extent = self.view, self._view.extent
        chosen = self._grid.chosen
        for plan, chart in sorted(self._grid.shown, key=lambda shown: shown != chosen):
            update_annotations(chart, plan, self._run_context, self._sources)
            chart.set_view(replace(view, log_y=self._is_log(plan)), extent)
            self._draw_marks(chart)
            chart.data_changed(urgent)
        self._show_header()

    def _draw_marks(self, chart: Chart) -> None:
        count = sum(len(source.marks) for source in self._sources)
        if self._mark_counts.get(chart) != count:
            self._mark_counts[chart] = count
            update_marks(chart, self._sources, self._view.run_signs)

    def _show_header(self) -> None:
        marks = self._view.marks_at_crosshair(self._grid.plot_cells)
        logs = sum(plan.key in self._layout.log for plan in self.page.plans)
        texts = self._view.header_texts(key_of(self.app, "charts.x-unit", "X"), logs, self.page.left_out)
        if not self._content.is_own:  # other libraries may count something else
            texts = [text.replace("iteration", "step") for text in texts]
        self.query_one(BoardHeader).show(self._pages, self._page, view_texts=texts, marks=marks)

    def _show_runs(self) -> None:
        self.query_one(RunLegend).show(self._view.run_names)

    # --- the layout ---

    def keep_folds(self, folded: Iterable[str], folded_changed: Iterable[str]) -> None:
        """Store which kinds of knobs are folded, among all and among changed knobs."""
        kinds = {"folded": tuple(sorted(folded)), "folded_changed": tuple(sorted(folded_changed))}
        self._layout = msgspec.structs.replace(self._layout, **kinds)
        if self._layout_task:
            self._write_layout()

    def _change_layout(self, layout: BoardLayout) -> None:
        self._apply_layout(layout)
        if self._layout_task:
            self._write_layout()

    def _apply_layout(self, layout: BoardLayout) -> None:
        self._layout = layout
        self._view.smooth_by(layout.smoothing)
        self._view.show_over(layout.x)
        self._rebuild_pages()

    @work(thread=True)
    def _read_layout(self) -> None:
        try:
            layout = read_layout(self._layout_task)
        except LayoutError as error:
            self.post_message(self.Problem(str(error)))
        else:
            if layout is not None:
                self.app.call_from_thread(self._apply_layout, layout)
                self.post_message(self.LayoutRead(layout))

    @work(thread=True)
    def _write_layout(self) -> None:
        with self._layout_lock:  # the newest layout is written last
            try:
                write_layout(self._layout_task, self._layout)
            except LayoutError as error:
                self.post_message(self.Problem(str(error)))
