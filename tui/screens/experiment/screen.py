"""An experiment: its members ranked, and their metrics as means over seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import DataTable, Static

from curricula.errors import UserError
from tui.app_settings import settings_of
from tui.charts.legend import CURVE_GLYPHS
from tui.navigation import OpenRun, ShowRuns
from tui.screens.experiment.member_table import MemberTable
from tui.screens.following_screen import FollowingScreen
from tui.session.experiments.attempts import Attempts
from tui.session.experiments.curves import ExperimentCurves
from tui.session.experiments.experiment import ExperimentFolder
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.experiments.operations import answer_copy, cancel, pause
from tui.session.experiments.population import Copy
from tui.session.experiments.population_text import news_text, round_text
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.experiments.queue_runner import QueuedExperiment
from tui.session.experiments.ranking import USUAL, Ranking, rank
from tui.session.experiments.texts import counts_text
from tui.session.runs.followed import FollowedRun
from tui.session.state import RunState
from tui.session.text import plain
from tui.terminal.frame_clock import draw_soon
from tui.widgets.board import ChartBoard
from tui.widgets.dialogs import Confirm
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key
from tui.widgets.status_line import StatusLine

_REFRESH_SECONDS = 2.0
_MOST_CURVES = len(CURVE_GLYPHS)


class ExperimentScreen(FollowingScreen):
    """Draws the mean of each combination of values with its interval, and lists the members."""

    CSS_PATH = "experiment.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("space", "curve", "curve",
            "Show or hide the curve of the selected row", id="experiment.curve", footer=True),
        key("m", "metric", "metric", "Rank by the next metric", id="experiment.metric", footer=True),
        key("p", "pause", "pause", "Start no more members, or start them again", id="experiment.pause", footer=True),
        key("x", "cancel", "cancel",
            "Cancel: waiting members never start, running ones stop", id="experiment.cancel", footer=True),
        key("y", "answer(True)", "copy", "Replace the member of the question by its copy at once",
            id="experiment.accept", footer=True),
        key("n", "answer(False)", "keep", "Keep the member of the question: veto its copy",
            id="experiment.veto", footer=True),
        key("r,escape", "runs", "runs", "Go back to the list of runs", id="experiment.runs", footer=True),
        key("q", "leave", "quit", "Quit the program; the queue continues", id="experiment.leave", footer=True),
    ]  # fmt: skip

    @dataclass
    class Looked(Message):
        """The experiment was read and ranked."""

        looked: QueuedExperiment
        ranking: Ranking

    def __init__(self, folder: ExperimentFolder) -> None:
        """Show the experiment in `folder`."""
        super().__init__()
        self._folder = folder
        self._attempts = Attempts(EveryLauncher())
        self._curves = ExperimentCurves(_MOST_CURVES)
        self._looked: QueuedExperiment | None = None
        self._metric = ""
        """Metric chosen by the user; empty for the usual one."""
        self._shown_metric = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield Static(plain(self._folder.path.name), id="headline", markup=False)
            yield StatusLine()
        with Horizontal(id="body"):
            yield ChartBoard([], "", settings=settings_of(self.app).board, id="charts")
            yield MemberTable(id="members")
        yield Static("", id="question", markup=False)
        yield Static("", id="detail", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin to look at the experiment, and again 2 s after each look."""
        self.query_one(MemberTable).focus()
        self._look()

    # --- what happens ---

    @work(thread=True, exclusive=True, group="look")
    def _look(self) -> None:
        try:
            experiment = self._folder.read()
            looked = QueuedExperiment(self._folder, experiment, self._attempts.read(self._folder, experiment))
            self.post_message(self.Looked(looked, rank(experiment, looked.states, self._metric)))
        except (UserError, OSError) as error:
            self.post_message(self.Failed(str(error)))

    @on(Looked)
    def _take_look(self, message: Looked) -> None:
        self._looked, self._shown_metric = message.looked, message.ranking.metric
        before = [source.name for source in self._curves.sources()]
        self._follow(self._curves.update(message.ranking))
        if [source.name for source in self._curves.sources()] != before:
            self.board.set_sources(self._curves.sources())
        self._show()
        self.set_timer(_REFRESH_SECONDS, self._look)

    def _follow(self, runs: list[FollowedRun]) -> None:
        for run in runs:
            self.follow(run, self._fail)
        if runs:
            self.board.set_sources(self._curves.sources())

    def _fail(self, text: str) -> None:
        self.post_message(self.Failed(text))

    @on(FollowingScreen.FramesArrived)
    def _take_frames(self, message: FollowingScreen.FramesArrived) -> None:
        message.run.take(message.frames, message.is_live)
        if not message.has_more:
            draw_soon(self, self._draw)

    def _draw(self) -> None:
        if self.is_drawable:
            self._curves.add_metrics()
            self.board.show(RunState())

    def _show(self) -> None:
        """Update headline, table and the line below it."""
        if self._looked is None:
            return
        experiment = self._looked.experiment
        paused = ", paused" if experiment.paused and not self._looked.has_ended else ""
        rounds = "".join(f", {text}" for text in [round_text(experiment)] if text)
        self.query_one("#headline", Static).update(
            plain(f"{experiment.name}  {counts_text(self._looked.states)}{rounds}{paused}")
        )
        news = news_text(experiment)
        self.query_one("#question", Static).set_class(bool(news), "asked").update(plain(news))
        ranked = f"members by {self._shown_metric}" if self._shown_metric else "members"
        rows = [(row, self._curves.place(row.key)) for row in self._curves.rows]
        self.query_one(MemberTable).show(rows, plain(ranked))
        self._show_detail()
        self.refresh_bindings()

    @property
    def _waiting(self) -> list[Copy]:
        """Copies that wait for the user's answer."""
        population = self._looked.experiment.population if self._looked is not None else None
        return [] if population is None else population.waiting()

    @on(DataTable.RowHighlighted, "#members")
    def _show_detail(self) -> None:
        row = self.query_one(MemberTable).row
        self.query_one("#detail", Static).update("" if row is None else plain(row.detail))

    # --- keys ---

    def key_label(self, id: str, label: str) -> str:
        if id == "experiment.pause" and self._looked is not None:
            return "" if self._looked.has_ended else "continue" if self._looked.experiment.paused else "pause"
        if id == "experiment.cancel" and self._looked is not None and self._looked.has_ended:
            return ""
        if id in ("experiment.accept", "experiment.veto") and not self._waiting:
            return ""
        return super().key_label(id, label)

    @on(DataTable.RowSelected, "#members")
    def _open(self) -> None:
        """Open the dashboard of the selected member; of a group, that of its best one."""
        row = self.query_one(MemberTable).row
        runs = [one.state.run for one in row.members if one.state.run is not None] if row is not None else []
        if runs:
            self.post_message(OpenRun(runs[0]))
        else:
            self.notify("it has not started yet", markup=False)

    def action_curve(self) -> None:
        """Show or hide the curve of the selected row."""
        row = self.query_one(MemberTable).row
        if row is None:
            return
        if self._curves.place(row.key) is not None:
            self._curves.hide(row.key)
        elif not self._curves.show(row.key):
            self.notify(f"expected at most {_MOST_CURVES} curves: hide another one first", markup=False)
            return
        self._follow(self._curves.new_runs())
        self.board.set_sources(self._curves.sources())
        self._show()
        draw_soon(self, self._draw)

    def action_metric(self) -> None:
        """Rank by the next metric."""
        objective = self._looked.experiment.objective if self._looked is not None else ""
        metrics = list(dict.fromkeys([*([objective] if objective else []), *USUAL]))
        at = metrics.index(self._shown_metric) if self._shown_metric in metrics else -1
        self._metric = metrics[(at + 1) % len(metrics)]
        self._look()

    def action_pause(self) -> None:
        if self._looked is not None and not self._looked.has_ended:
            self._pause(not self._looked.experiment.paused)

    @work(thread=True)
    def _pause(self, paused: bool) -> None:
        self._change(lambda: pause(self._folder, QueueFolder(), paused=paused))

    @work
    async def action_cancel(self) -> None:
        """Cancel the experiment after a question."""
        if self._looked is None or self._looked.has_ended:
            return
        name = plain(self._folder.path.name)
        if await self.answer_to(Confirm(f"Cancel {name}? Waiting members never start, running ones stop.")):
            self._cancel()

    @work(thread=True)
    def _cancel(self) -> None:
        self._change(lambda: cancel(self._folder, keep_running=False))

    def _change(self, change: Callable[[], object]) -> None:
        try:
            change()
        except (UserError, OSError) as error:
            self.post_message(self.Failed(str(error)))
        self.app.call_from_thread(self._look)

    def action_answer(self, accepted: bool) -> None:
        """Answer the question about a copy."""
        if self._waiting:
            self._answer(self._waiting[0].member, accepted)

    @work(thread=True)
    def _answer(self, member: str, accepted: bool) -> None:
        self._change(lambda: answer_copy(self._folder, member, accepted=accepted))

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()
