"""Several runs on shared charts, and their differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import DataTable, Static

from trainer_proc.contract.messages import IterationFinished
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.app_settings import settings_of
from tui.navigation import OpenRun, ShowRuns
from tui.screens.compare.compared_runs import MOST_SEEN, ComparedRuns, DifferenceTable, whole_difference
from tui.screens.following_screen import FollowingScreen
from tui.session.board.chart_source import ChartSource
from tui.session.runs.chosen_runs import ChoiceError, read_choice, write_choice
from tui.session.runs.compare import differences
from tui.session.runs.followed import FollowedRun
from tui.session.runs.labels import shown_names
from tui.session.runs.places import RunPlaces
from tui.session.state import RunState
from tui.session.status_text import not_following
from tui.session.text import plain, plain_lines
from tui.terminal.frame_clock import draw_soon
from tui.widgets.board import ChartBoard
from tui.widgets.code_dialog import CodeDialog
from tui.widgets.diff_text import DiffText
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key
from tui.widgets.status_line import StatusLine


class CompareScreen(FollowingScreen):
    """Draws the metrics of several runs together, live or ended, and lists their differences."""

    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("space", "hide", "hide", "Hide or show the selected run", id="compare.hide", footer=True),
        key("t", "table", "table", "Show the differences full screen, or go back", id="compare.table", footer=True),
        key("g", "code", "code",
            "Show how the code of the selected run differs from that of the first", id="compare.code", footer=True),
        key("r,escape", "runs", "runs", "Go back to the list of runs", id="compare.runs", footer=True),
        key("q", "leave", "quit", "Quit the program; trainings continue", id="compare.leave", footer=True),
    ]  # fmt: skip

    @dataclass
    class FollowingEnded(Message):
        """No more frames of a run will come; `text` is one line that says why."""

        run: FollowedRun
        text: str

    @dataclass
    class ChoiceRead(Message):
        """The stored choice was read: these runs are hidden, by path."""

        paths: set[Path]

    def __init__(self, log_root: Path, folders: Sequence[RunFolder]) -> None:
        """Follow the runs in `folders` from the moment that the screen is shown."""
        super().__init__()
        self._log_root = log_root
        self._folders = folders
        self._runs: list[FollowedRun] = []
        self._problems: list[str] = []
        self._places = RunPlaces(0, MOST_SEEN)
        self._differ = True

    def compose(self) -> ComposeResult:
        for folder, name in zip(self._folders, shown_names(self._folders), strict=True):
            try:
                self._runs.append(FollowedRun(folder, name))
            except RunFolderError as error:
                self._problems.append(str(error))
        self._places = RunPlaces(len(self._runs), MOST_SEEN)
        task = self._common_task()
        with Horizontal(classes="title-line"):
            yield Static("", id="headline", markup=False)
            yield StatusLine()
        yield DiffText(id="not-following")
        with Horizontal(id="body"):
            settings = settings_of(self.app).board
            yield ChartBoard(self._sources(), task, settings=settings, id="charts")
            with Vertical(id="side"):
                yield ComparedRuns(id="compared")
                yield DifferenceTable(id="differences")
                yield Static("", id="whole", markup=False)
        yield KeyFooter()

    def _common_task(self) -> str:
        """Return the runs' task, nothing if they have several."""
        tasks = {run.spec.task for run in self._runs}
        return tasks.pop() if len(tasks) == 1 else ""

    def on_mount(self) -> None:
        """Begin to follow the runs."""
        self.query_one(ComparedRuns).focus()
        self._show_tables()
        for problem in self._problems:
            self.notify(plain(problem), severity="error", markup=False)
        self._read_choice()
        for run in self._runs:
            self.follow(run, self._end_taker(run))

    # --- what happens in the runs ---

    def _end_taker(self, run: FollowedRun) -> Callable[[str], None]:
        def end(text: str) -> None:
            self.post_message(self.FollowingEnded(run, text))

        return end

    @on(FollowingEnded)
    def _show_problem(self, message: FollowingEnded) -> None:
        message.run.problem = message.text
        self.notify(plain(message.text), severity="error", markup=False)
        self.add_class("-not-following")
        lines = [plain(not_following(run.problem, run.name)) for run in self._runs if run.problem]
        self.query_one("#not-following", DiffText).update("\n".join(lines))
        draw_soon(self, self._draw)

    @on(FollowingScreen.FramesArrived)
    def _take_frames(self, message: FollowingScreen.FramesArrived) -> None:
        message.run.take(message.frames, message.is_live)
        if not all(isinstance(frame.body, IterationFinished) for frame in message.frames):
            self._differ = True
        if not message.has_more:
            draw_soon(self, self._draw)

    def _draw(self) -> None:
        if self.is_drawable:
            self.board.show(RunState())
            self._show_tables()

    def _show_tables(self) -> None:
        """Update the tables; an iteration alone changes no value."""
        self._show_runs()
        if self._differ:
            self._differ = False
            found = differences([run.compared for run in self._runs])
            self.query_one(DifferenceTable).show(self._named, found)
            count = f"{len(found)} differences" if found else "no differences"
            headline = f"{len(self._runs)} runs, {count}  {self._common_task()}"
            self.query_one("#headline", Static).update(plain_lines(headline.rstrip()))
            self._show_whole()

    @on(DataTable.RowHighlighted, "#differences")
    def _show_whole(self) -> None:
        difference = self.query_one(DifferenceTable).difference
        self.query_one("#whole", Static).update("" if difference is None else whole_difference(difference, self._named))

    def _show_runs(self) -> None:
        self.query_one(ComparedRuns).show([(run, *self._seen(place)) for place, run in enumerate(self._runs)])

    def _seen(self, run: int) -> tuple[int | None, bool]:
        """Return a run's place on the charts, and whether it is visible."""
        return self._places.place(run), self._places.is_seen(run)

    @property
    def _named(self) -> list[tuple[str, int | None]]:
        """The runs' names with their places."""
        return [(run.name, self._places.place(number)) for number, run in enumerate(self._runs)]

    # --- which runs are seen ---

    def action_hide(self) -> None:
        """Hide or show the selected run."""
        place = self.query_one(ComparedRuns).cursor_row
        if 0 <= place < len(self._runs):
            if self._places.is_seen(place):
                self._places.hide(place)
            elif not self._places.show(place):
                self.notify(f"expected at most {MOST_SEEN} visible runs: hide another one first", markup=False)
                return
            self._show_sources()
            self._store_choice()

    def _show_sources(self) -> None:
        self.board.set_sources(self._sources())
        self._differ = True  # its columns show the signs of the runs
        self._show_tables()

    def _sources(self) -> list[ChartSource]:
        """Return what the charts draw, by place."""
        own = {self._places.place(run): run for run in reversed(range(len(self._runs)))}
        return [
            self._runs[own[place]].hidden_source if seen is None else self._runs[seen].source
            for place, seen in enumerate(self._places.seen)
        ]

    @work(thread=True)
    def _read_choice(self) -> None:
        try:
            self.post_message(self.ChoiceRead(read_choice(self._log_root)[1]))
        except ChoiceError as problem:
            self.post_message(self.Failed(str(problem)))

    @on(ChoiceRead)
    def _restore_hidden(self, message: ChoiceRead) -> None:
        hidden = [place for place, run in enumerate(self._runs) if run.folder.path in message.paths]
        if len(hidden) < len(self._runs):  # else nothing would be left to show
            self._places = RunPlaces(len(self._runs), MOST_SEEN, hidden)
            self._show_sources()
        self._store_choice()

    @work(thread=True, exclusive=True, group="keep choice")
    def _store_choice(self) -> None:
        """Store the choice of runs for the list of runs and the next start."""
        hidden = [run.folder.path for place, run in enumerate(self._runs) if not self._places.is_seen(place)]
        try:
            write_choice(self._log_root, self._folders, hidden)
        except ChoiceError as problem:
            self.post_message(self.Failed(str(problem)))

    # --- going elsewhere ---

    def key_label(self, id: str, label: str) -> str:
        is_table, is_maximised = self.has_class("-table"), self.has_class("-maximised")
        if (id == "compare.hide" and (is_table or is_maximised)) or (id == "compare.table" and is_maximised):
            return ""
        if id == "compare.table" and is_table:
            return "charts"
        return super().key_label(id, label)

    @on(DataTable.RowSelected, "#compared")
    def _open(self, event: DataTable.RowSelected) -> None:
        self.post_message(OpenRun(self._runs[event.cursor_row].folder))

    def action_table(self) -> None:
        """Show the table of differences full screen, or go back."""
        self.toggle_class("-table")
        self.refresh_bindings()
        table = self.query_one(DifferenceTable if self.has_class("-table") else ComparedRuns)
        self.call_after_refresh(table.focus)  # a hidden widget cannot have the focus

    def action_code(self) -> None:
        """Show what the code of the selected run and of the first one differ in; for the first one, of the second."""
        if len(self._runs) < 2:  # the others can't be read
            self.notify("expected two runs that can be read", markup=False)
            return
        place = max(self.query_one(ComparedRuns).cursor_row, 1)
        self.app.push_screen(CodeDialog(self._runs[0].folder, self._runs[place].folder))

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()
