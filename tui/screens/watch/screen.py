"""The dashboard of anybody's training, read from its event files: charts and metrics, and nothing that steers."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import settings_of
from tui.charts.legend import CURVE_GLYPHS
from tui.screens.chart_screen import ChartScreen
from tui.screens.watch.metric_panel import MetricPanel
from tui.screens.watch.metric_table import MetricTable
from tui.screens.watch.run_dialog import ChooseRuns
from tui.session.state import RunState
from tui.session.text import plain
from tui.session.watch.log_folder import LogFolder, named
from tui.session.watch.metric_rows import in_order
from tui.session.watch.run_reader import Portion
from tui.session.watch.status import status, title, waiting
from tui.session.watch.watched_run import WatchedRun
from tui.session.watch.watcher import Watcher
from tui.terminal.frame_clock import draw_soon
from tui.widgets.board import ChartBoard
from tui.widgets.diff_text import ChangingText
from tui.widgets.key_footer import KeyFooter
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.shown_keys import key_of
from tui.widgets.status_line import StatusLine

MOST_RUNS = len(CURVE_GLYPHS)
"""As many curves can be told apart."""
_NO_STATE = RunState()


@dataclass
class RunsFound(Message):
    """What there is to be watched."""

    found: LogFolder


@dataclass
class PortionRead(Message):
    """More of a run was read."""

    portion: Portion


@dataclass
class WatchFailed(Message):
    """Nothing can be read, and why."""

    text: str


class WatchScreen(ChartScreen):
    """Shows the runs in a folder of logs: the newest at first, or those that were asked for."""

    CSS_PATH = "watch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # before all others: letters that are typed behind it, in one piece maybe, must find the filter open
        Binding(
            "slash", "filter", "filter", key_display="/", priority=True, id="watch.filter",
            tooltip="Find metrics by a few letters",
        ),
        Binding("m", "metrics", "metrics", id="watch.metrics", tooltip="Show the table of metrics, or only the charts"),
        Binding("g", "machine", "machine", id="watch.machine", tooltip="Show what this machine is at, or hide it"),
        Binding("r", "runs", "runs", id="watch.runs", tooltip="Choose which runs of the folder are shown"),
        Binding("t", "next_table", "next run's metrics", show=False, id="watch.next-table",
                tooltip="Let the table of metrics tell of the next of the runs that are shown"),
        Binding("q", "leave", "leave", id="watch.leave", tooltip="Leave the program"),
    ]  # fmt: skip

    def __init__(self, folder: Path, wanted: Sequence[str] = ()) -> None:
        """Watch the runs in `folder` with one of `wanted` in their names, the newest run if nothing is wanted."""
        super().__init__()
        self.folder = folder
        self.runs: dict[str, WatchedRun] = {}
        self.chosen: list[str] = []
        self._wanted = wanted
        self._told = ""
        self._found = LogFolder()
        self._watcher: Watcher | None = None

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        with Horizontal(classes="title-line"):
            yield ChangingText(id="headline")
            yield StatusLine()
        yield ChangingText(id="status")
        with Horizontal(id="body"):
            settings = settings_of(self.app).board
            source = WatchedRun("").source
            yield ChartBoard([source], _task(self.folder), settings=settings, is_own=False, id="charts")
            with Vertical(id="side"):
                yield MetricPanel(id="metrics")
                yield MachinePanel(RunFolder(self.folder), id="machine")
        yield Static("", id="waiting", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin to watch."""
        self.add_class("-waiting")
        self._watcher = Watcher(
            self.folder,
            on_found=lambda found: self._post(RunsFound(found)),
            on_portion=lambda portion: self._post(PortionRead(portion)),
            on_problem=lambda text: self._post(WatchFailed(text)),
        )
        self.set_interval(1.0, self._show_status)
        self.query_one(MetricTable).focus()

    def on_unmount(self) -> None:
        """Let go of the files."""
        if self._watcher is not None:
            self._watcher.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to a field while one types there."""
        if action == "filter":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    # --- what happens in the folder ---

    @on(RunsFound)
    def _take_found(self, message: RunsFound) -> None:
        before = {run.name for run in self._found.runs}
        self._found = message.found
        if not self.chosen:
            runs = named(self._found.runs, self._wanted)[: MOST_RUNS if self._wanted else 1]
            if runs:
                self._choose([run.name for run in runs])
        else:
            for run in self._found.runs:
                if run.name not in before:
                    self.notify(plain(f"a new run: {run.name}; {self._key} chooses what is shown"), markup=False)
        self._show_status()

    @on(PortionRead)
    def _take_portion(self, message: PortionRead) -> None:
        self.runs[message.portion.run].take(message.portion)
        draw_soon(self, self._draw)

    @on(WatchFailed)
    def _take_failure(self, message: WatchFailed) -> None:
        self.notify(plain(message.text), severity="error", markup=False)

    def _choose(self, names: list[str]) -> None:
        self.chosen = names
        self._told = self._told if self._told in names else names[0]
        for name in names:
            self.runs.setdefault(name, WatchedRun(name))
        if self._watcher is not None:
            self._watcher.choose(names)
        self.board.set_sources([self.runs[name].source for name in names])
        self._draw()

    @property
    def _key(self) -> str:
        """The key that chooses runs."""
        return key_of(self.app, "watch.runs", "r")

    # --- drawing ---

    def _draw(self) -> None:
        if not self.is_drawable:
            return
        self.board.show(_NO_STATE)
        run = self.runs[self._told]
        whose = f"{CURVE_GLYPHS[self.chosen.index(run.name)]} {run.name}" if len(self.chosen) > 1 else ""
        self.query_one(MetricPanel).show(whose, in_order(run.names), run.history.series)
        self._show_status()

    def _show_status(self) -> None:
        is_waiting = not self.chosen
        self.set_class(is_waiting, "-waiting")
        self.query_one("#headline", Static).update(Content(plain(title(self.folder, self._found, self.chosen))))
        line = self.query_one("#status", Static)
        if is_waiting:
            line.update("")
            self.query_one("#waiting", Static).update(plain(waiting(self.folder, self._found)))
            return
        now = status([self.runs[name] for name in self.chosen], time.time())
        line.set_class(now.is_quiet and not now.is_problem, "-quiet")
        line.set_class(now.is_problem, "-problem")
        line.update(plain(now.text))

    # --- keys ---

    @on(MetricTable.Chosen)
    def _chart(self, message: MetricTable.Chosen) -> None:
        self.board.pin(message.name)

    def action_filter(self) -> None:
        """Find metrics by letters of their names."""
        self.remove_class("-without-metrics", "-machine")
        self.query_one(MetricPanel).open_filter()

    def action_metrics(self) -> None:
        """Show the table of metrics, or give its room to the charts."""
        self.remove_class("-machine")
        self.toggle_class("-without-metrics")
        if not self.has_class("-without-metrics"):
            self.query_one(MetricTable).focus()

    def action_next_table(self) -> None:
        """Let the table tell of the next run."""
        if len(self.chosen) < 2:
            self.notify(f"one run is shown; {self._key} chooses others", markup=False)
            return
        self.remove_class("-without-metrics")
        self._told = self.chosen[(self.chosen.index(self._told) + 1) % len(self.chosen)]
        self._draw()

    def action_machine(self) -> None:
        """Show what the machine is at, or hide it."""
        self.toggle_class("-machine")
        if self.has_class("-machine"):
            self.query_one(MachinePanel).focus()
        else:
            self.query_one(MetricTable).focus()

    @work
    async def action_runs(self) -> None:
        """Choose the runs that are shown."""
        if not self._found.runs:
            self.notify("there are no runs yet", markup=False)
            return
        chosen = await self.answer_to(ChooseRuns(self._found.runs, self.chosen, MOST_RUNS))
        if chosen:
            self._choose(chosen)

    def action_leave(self) -> None:
        """Leave the program; whatever trains knows nothing of it."""
        self.app.exit(message=Text("Nothing that was watched has been touched."))

    def _post(self, message: Message) -> None:
        self.post_message(message)


def _task(folder: Path) -> str:
    """Return what the layout of a folder's charts is kept for."""
    whole = folder.resolve()
    return f"watch {whole.name} {zlib.crc32(str(whole).encode()):08x}"
