"""The dashboard of one run: charts, knobs, console, and the keys that steer."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from trainer_proc.wire.connection import read_connection
from trainer_proc.wire.export_process import ExportProblem, run_export
from trainer_proc.wire.messages import (
    TERMINAL_PHASES,
    CheckpointFailed,
    CheckpointSaved,
    Command,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    Frame,
    InterventionApplied,
    Pause,
    PhaseChanged,
    Refused,
    Resume,
    Save,
    Stop,
    Tune,
)
from trainer_proc.wire.messages import Export as ExportCommand
from trainer_proc.wire.run_folder import RunFolder, RunFolderError
from tui.session.board import DEFAULT_BOARD
from tui.session.client import RunClient
from tui.session.control import TrainerUnreachable, ask
from tui.session.describe import export_result, number, progress
from tui.session.exporting import find_checkpoint
from tui.session.history import MetricHistory
from tui.session.state import RunState
from tui.session.text import plain
from tui.widgets.chart_grid import ChartGrid
from tui.widgets.console import Console
from tui.widgets.dialogs import Confirm, KnobEdit
from tui.widgets.knob_table import KnobTable


class FramesArrived(Message):
    """New frames of the run, and whether its trainer is connected."""

    def __init__(self, frames: list[Frame], is_live: bool) -> None:
        super().__init__()
        self.frames = frames
        self.is_live = is_live


class ConsoleGrew(Message):
    """New lines of the trainer's log."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Told(Message):
    """One line for the person, from a thread."""

    def __init__(self, text: str, is_error: bool) -> None:
        super().__init__()
        self.text = text
        self.is_error = is_error


class DashboardScreen(Screen[None]):
    """Shows a run, live, finished or killed, and steers it while it lives."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause_or_resume", "pause/resume", tooltip="Hold the training between two iterations, or go on"),
        Binding("s", "save", "save", tooltip="Save a checkpoint after this iteration"),
        Binding("e", "export", "export", tooltip="Export the policy as ONNX, checked and timed"),
        Binding("x", "stop", "stop", tooltip="Save a checkpoint and end the training"),
        Binding("l", "log", "log", tooltip="Show the trainer's log in full, or go back"),
        Binding("r", "runs", "runs", tooltip="List the runs on disk; this one goes on"),
        Binding("q", "leave", "leave", tooltip="Leave the program; the training goes on"),
    ]

    def __init__(self, folder: RunFolder) -> None:
        """Show the run in `folder`."""
        super().__init__()
        self._folder = folder
        self.state = RunState()
        self.history = MetricHistory()
        self._is_live = read_connection(folder) is not None
        self._client: RunClient | None = None

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Static(Content(self._headline()), id="headline", classes="title-line")
        yield Static("", id="progress", markup=False)
        with Horizontal(id="body"):
            yield ChartGrid(DEFAULT_BOARD, self.history, id="charts")
            with Vertical(id="side"):
                yield KnobTable(id="knobs")
                yield Console(id="console")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self.query_one(KnobTable).focus()
        self._client = RunClient(
            self._folder,
            on_frames=lambda frames, is_live: self._post(FramesArrived(frames, is_live)),
            on_console=lambda text: self._post(ConsoleGrew(text)),
            on_problem=lambda text: self._post(Told(text, is_error=True)),
        )

    def on_unmount(self) -> None:
        """Let go of the run, which goes on."""
        if self._client is not None:
            self._client.close()

    def _post(self, message: Message) -> None:
        self.post_message(message)

    # --- what happens in the run ---

    @on(FramesArrived)
    def _take_frames(self, message: FramesArrived) -> None:
        was_empty = self.state.started is None
        self._is_live = message.is_live
        self.history.apply(message.frames)
        for frame in message.frames:
            self.state.apply(frame)
            if not was_empty:  # what happened before we looked is history, not news
                self._announce(frame)
        self.query_one(ChartGrid).show(self.state)
        self.query_one(KnobTable).show(self.state)
        self._show_progress()

    def _announce(self, frame: Frame) -> None:
        match frame.body:
            case InterventionApplied(number=index, iteration=iteration, changes=changes):
                what = ", ".join(f"{c.knob} {number(c.old)} → {number(c.new)}" for c in changes)
                self._say(f"#{index} applied at iteration {iteration}: {what}")
            case CheckpointSaved(path=path):
                self._say(f"saved {path}")
            case CheckpointFailed(reason=reason):
                self._say(reason, is_error=True)
            case ExportStarted() | ExportFinished() as export:
                self._say(export_result(export))
            case ExportFailed() as export:
                self._say(export_result(export), is_error=True)
            case PhaseChanged(phase="failed", detail=detail):
                self._say(f"the training failed: {detail}", is_error=True)
            case PhaseChanged(phase="finished", detail=detail):
                self._say(f"the training has {detail or 'finished'}")
            case _:
                pass

    @on(ConsoleGrew)
    def _take_console(self, message: ConsoleGrew) -> None:
        self.query_one(Console).append(message.text)

    @on(Told)
    def _take_told(self, message: Told) -> None:
        self._say(message.text, message.is_error)

    def on_resize(self) -> None:
        """Fit the progress bar."""
        self._show_progress()

    def _show_progress(self) -> None:
        bar_width = max(8, min(40, self.size.width - 70))
        line = self.query_one("#progress", Static)
        line.set_class(self.state.status(self._is_live) == "failed", "failed")
        line.update(plain(progress(self.state, self._is_live, bar_width)))

    # --- what the person does ---

    @on(KnobTable.EditRequested)
    @work
    async def _edit_knob(self, message: KnobTable.EditRequested) -> None:
        knob = message.knob.knob
        if not self.is_active:
            return  # Enter came twice at once, and the dialog is open
        if knob.read_only:
            self._say(f"{knob.name} can't be changed: {knob.read_only}", is_error=True)
            return
        edited = await self.app.push_screen_wait(KnobEdit(message.knob))
        if edited is not None:
            value, note = edited
            self._ask(Tune({knob.name: value}, note), "")

    def action_pause_or_resume(self) -> None:
        """Hold the training, or let it go on."""
        if self.state.status(self._is_live) == "paused":
            self._ask(Resume(), "goes on")
        else:
            self._ask(Pause(), "pauses after this iteration")

    def action_save(self) -> None:
        """Save a checkpoint."""
        self._ask(Save(), "")

    def action_export(self) -> None:
        """Export the living policy, or the newest checkpoint of an ended run."""
        if self._is_live:
            self._ask(ExportCommand(), "")
        else:
            self._say("exporting the newest checkpoint…")
            self._export_checkpoint()

    @work
    async def action_stop(self) -> None:
        """Ask, then stop the training."""
        if not self.is_active:
            return
        if not self._is_live:
            self._ask(Stop(), "")  # to be told why not, without a question first
        elif await self.app.push_screen_wait(Confirm("Save a checkpoint and end this training?")):
            self._ask(Stop(), "stops after this iteration")

    def action_log(self) -> None:
        """Give the whole screen to the log, or take it back."""
        self.toggle_class("-log")
        self.query_one("#console" if self.has_class("-log") else "#knobs").focus()

    def action_runs(self) -> None:
        """Go to the list of runs."""
        self.app.show_runs()  # type: ignore[attr-defined]

    def action_leave(self) -> None:
        """Leave the program and say that the training goes on."""
        path, here = self._folder.path, Path.cwd()
        shown = shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
        goes_on = f"The training goes on. Come back with:\nhumanoid-tui attach {shown}"
        ended = f"The training has ended. Look at it again with:\nhumanoid-tui attach {shown}"
        self.app.exit(message=Text(plain(ended if self._has_ended() else goes_on)))  # a path is no markup

    def _has_ended(self) -> bool:
        """Whether there is no training any more; one that was just launched has no journal yet."""
        if self.state.phase is not None and self.state.phase.phase in TERMINAL_PHASES:
            return True
        journal = self._folder.journal
        return not self._is_live and journal.exists() and journal.stat().st_size > 0

    @work(thread=True)
    def _ask(self, command: Command, done: str) -> None:
        try:
            reply = ask(self._folder, command)
        except TrainerUnreachable as error:
            self.post_message(Told(str(error), is_error=True))
            return
        if isinstance(reply, Refused):
            self.post_message(Told(reply.reason, is_error=True))
        elif done:
            self.post_message(Told(f"the training {done}", is_error=False))

    @work(thread=True, exclusive=True, group="export")
    def _export_checkpoint(self) -> None:
        try:
            result = run_export(self._folder, find_checkpoint(self._folder, None), log=None)
        except ExportProblem as error:
            self.post_message(Told(str(error), is_error=True))
        else:
            self.post_message(Told(export_result(result), is_error=False))

    def _say(self, text: str, is_error: bool = False) -> None:
        self.notify(plain(text), severity="error" if is_error else "information", markup=False)

    def _headline(self) -> str:
        try:
            spec = self._folder.read_spec()
        except RunFolderError as error:
            return plain(str(error))
        return plain(f"{self._folder.name}  {spec.num_envs} environments on {spec.device}  {spec.task}")
