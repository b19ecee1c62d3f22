"""Charts and metrics of any training, read from its TensorBoard files. Nothing here steers."""

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
from textual.binding import BindingType
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
from tui.session.status_text import not_following
from tui.session.text import plain, plain_lines
from tui.session.watch.log_folder import LogFolder, named
from tui.session.watch.metric_rows import in_order
from tui.session.watch.run_reader import Portion
from tui.session.watch.status import status, title, waiting
from tui.session.watch.watched_run import WatchedRun
from tui.session.watch.watcher import Watcher
from tui.terminal.frame_clock import draw_soon
from tui.widgets.board import ChartBoard
from tui.widgets.diff_text import DiffText
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_hints import FooterKeys
from tui.widgets.key_table import key
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.shown_keys import key_of
from tui.widgets.status_line import StatusLine

MOST_RUNS = len(CURVE_GLYPHS)
"""The number of distinct curve signs."""
_NO_STATE = RunState()


@dataclass
class RunsFound(Message):
    """The folder was read."""

    found: LogFolder


@dataclass
class PortionRead(Message):
    """More of a run was read."""

    portion: Portion


@dataclass
class WatchFailed(Message):
    """The folder cannot be read."""

    text: str


class WatchScreen(ChartScreen):
    """Shows runs of a folder with logs: the newest, or those that were requested."""

    CSS_PATH = "watch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # with priority: letters typed after it must reach the open filter
        key("slash", "filter", "filter",
            "Filter metrics by name", id="watch.filter", footer=True, priority=True, display="/"),
        key("m", "metrics", "metrics", "Show or hide the table of metrics", id="watch.metrics", footer=True),
        key("g", "machine", "machine", "Show or hide GPUs, CPU and memory", id="watch.machine", footer=True),
        key("r", "runs", "runs", "Choose the runs to show", id="watch.runs", footer=True),
        key("t", "next_table", "next run",
            "Show the metrics of the next run", id="watch.next-table", footer=True),
        key("q", "leave", "quit", "Quit the program", id="watch.leave", footer=True),
    ]  # fmt: skip

    def __init__(self, folder: Path, wanted: Sequence[str] = ()) -> None:
        """Watch the runs in `folder` with one of `wanted` in their names, else the newest run."""
        super().__init__()
        self.folder = folder
        self.runs: dict[str, WatchedRun] = {}
        self.chosen: list[str] = []
        self._wanted = wanted
        self._listed = ""
        self._found = LogFolder()
        self._watcher: Watcher | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield DiffText(id="headline")
            yield StatusLine()
        yield DiffText(id="status")
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
        """Start the watcher."""
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
        """Stop the watcher."""
        if self._watcher is not None:
            self._watcher.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable `/` while the user types into a field."""
        if action == "filter":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def footer_keys(self) -> FooterKeys:
        """Return the keys of the screen; several runs may have several units of steps, so `X` is among them."""
        keys = super().footer_keys()
        if len(self.chosen) < 2 or "charts.x-unit" in keys.main or isinstance(self.focused, Input):
            return keys
        return FooterKeys([*keys.main, "charts.x-unit"], keys.last)

    def key_label(self, id: str, label: str) -> str:
        has_use = {
            "watch.filter": bool(self.chosen),
            "watch.metrics": bool(self.chosen),
            "watch.runs": bool(self._found.runs),
            "watch.next-table": len(self.chosen) > 1,
        }
        return super().key_label(id, label) if has_use.get(id, True) else ""

    # --- the folder ---

    @on(RunsFound)
    def _take_found(self, message: RunsFound) -> None:
        before = {run.name for run in self._found.runs}
        self._found = message.found
        if bool(before) != bool(self._found.runs):
            self.refresh_bindings()
        names = {run.name for run in self._found.runs}
        for name, watched in self.runs.items():
            watched.is_deleted = name not in names
        if not self.chosen:
            runs = named(self._found.runs, self._wanted)[: MOST_RUNS if self._wanted else 1]
            if runs:
                self._choose([run.name for run in runs])
        else:
            for run in self._found.runs:
                if run.name not in before and run.name not in self.chosen and not run.is_of_worker:
                    self.notify(plain(f"new run: {run.name}; press {self._key} to choose runs"), markup=False)
        self._show_status()

    @on(PortionRead)
    def _take_portion(self, message: PortionRead) -> None:
        self.runs[message.portion.run].take(message.portion)
        draw_soon(self, self._draw)

    @on(WatchFailed)
    def _take_failure(self, message: WatchFailed) -> None:
        self._problem = message.text
        self.notify(plain(message.text), severity="error", markup=False)
        self._show_status()

    def _choose(self, names: list[str]) -> None:
        self.chosen = names
        self._listed = self._listed if self._listed in names else names[0]
        for name in names:
            self.runs.setdefault(name, WatchedRun(name))
        if self._watcher is not None:
            self._watcher.choose(names)
        self.board.set_sources([self.runs[name].source for name in names])
        self.refresh_bindings()
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
        run = self.runs[self._listed]
        whose = f"{CURVE_GLYPHS[self.chosen.index(run.name)]} {run.name}" if len(self.chosen) > 1 else ""
        self.query_one(MetricPanel).show(whose, in_order(run.names), run.metrics)
        self._show_status()

    def _show_status(self) -> None:
        is_waiting = not self.chosen
        self.set_class(is_waiting, "-waiting")
        self.query_one("#headline", Static).update(Content(plain(title(self.folder, self._found, self.chosen))))
        line = self.query_one("#status", Static)
        if self._problem:
            line.set_class(True, "-problem")
            line.update(plain(not_following(self._problem)))
            return
        if is_waiting:
            line.update("")
            self.query_one("#waiting", Static).update(plain_lines(waiting(self.folder, self._found)))
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
        """Open the filter of the metrics."""
        self.remove_class("-without-metrics", "-machine")
        self.query_one(MetricPanel).open_filter()

    def action_metrics(self) -> None:
        """Show or hide the table of metrics."""
        self.remove_class("-machine")
        self.toggle_class("-without-metrics")
        if not self.has_class("-without-metrics"):
            self.query_one(MetricTable).focus()

    def action_next_table(self) -> None:
        """List the metrics of the next run."""
        if len(self.chosen) < 2:
            self.notify(f"only one run is shown: press {self._key} to choose more", markup=False)
            return
        self.remove_class("-without-metrics")
        self._listed = self.chosen[(self.chosen.index(self._listed) + 1) % len(self.chosen)]
        self._draw()

    def action_machine(self) -> None:
        """Show or hide the machine panel."""
        self.toggle_class("-machine")
        if self.has_class("-machine"):
            self.query_one(MachinePanel).focus()
        else:
            self.query_one(MetricTable).focus()

    @work
    async def action_runs(self) -> None:
        """Choose the runs to show."""
        if not self._found.runs:
            self.notify("no runs yet", markup=False)
            return
        chosen = await self.answer_to(ChooseRuns(self._found.runs, self.chosen, MOST_RUNS))
        if chosen:
            self._choose(chosen)

    def action_leave(self) -> None:
        """Quit the program; the training is not affected."""
        self.app.exit(message=Text("The watched files are unchanged."))

    def _post(self, message: Message) -> None:
        self.post_message(message)


def _task(folder: Path) -> str:
    """Return the name under which the layout of a folder's charts is stored."""
    whole = folder.resolve()
    return f"watch {whole.name} {zlib.crc32(str(whole).encode()):08x}"
