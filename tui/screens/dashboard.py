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
from textual.widgets import Footer, Input, Static

from trainer_proc.wire.export_process import ExportProblem
from trainer_proc.wire.messages import TERMINAL_PHASES
from trainer_proc.wire.requests import Export as ExportCommand
from trainer_proc.wire.requests import Pause, Resume, Save, Stop
from trainer_proc.wire.run_folder import RunFolderError
from tui.screens.run_screen import ConsoleGrew, Told
from tui.screens.steering_screen import SteeringScreen
from tui.session.checkpoints import NoCheckpoint, find_checkpoint, origin_of
from tui.session.describe import export_result, progress
from tui.session.exporting import export_checkpoint
from tui.session.news import News
from tui.session.text import plain
from tui.widgets.chart_grid import ChartGrid
from tui.widgets.console import Console
from tui.widgets.curriculum_panel import CurriculumPanel
from tui.widgets.dialogs import Confirm
from tui.widgets.knob_panel import KnobPanel
from tui.widgets.knob_table import KnobTable


class DashboardScreen(SteeringScreen):
    """Shows a run, live, finished or killed, and steers it while it lives."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause_or_resume", "pause", tooltip="Hold the training between two iterations, or go on"),
        Binding("e", "export", "export", tooltip="Export the policy as ONNX, checked and timed"),
        Binding("x", "stop", "stop", tooltip="Save a checkpoint and end the training"),
        # before all others: letters that are typed behind it, in one piece maybe, must find the filter open
        Binding("slash", "filter", "filter", key_display="/", priority=True, tooltip="Find knobs by a few letters"),
        Binding("u", "undo", "undo", tooltip="Undo the last change that is not undone"),
        Binding("h", "past", "history", tooltip="List the interventions; undo or redo any of them"),
        Binding("q", "leave", "leave", tooltip="Leave the program; the training goes on"),
        Binding("t", "curricula", "curricula", show=False, tooltip="Go to the curricula, or back to the knobs"),
        Binding("plus", "level(1)", "level up", key_display="+", show=False, tooltip="Set a curriculum a level higher"),
        Binding("minus", "level(-1)", "level down", key_display="-", show=False, tooltip="Set it a level lower"),
        Binding("a", "auto", "auto", show=False, tooltip="Let the curriculum set its level again"),
        Binding("U", "redo", "redo", show=False, tooltip="Do again what was undone last"),
        Binding("c", "only_changed", "changed only", show=False, tooltip="Show only knobs that were changed, or all"),
        Binding("d", "default", "default", show=False, tooltip="Set the knob under the cursor to its default"),
        Binding("i", "unpin", "unpin", show=False, tooltip="Give the knob under the cursor back to its other writer"),
        Binding("m", "stop_ramp", "stop ramp", show=False, tooltip="Leave the knob under the cursor where its ramp is"),
        Binding("y", "copy", "copy preset", show=False, tooltip="Copy a preset with what was changed, as TOML"),
        Binding("s", "save", "save", show=False, tooltip="Save a checkpoint after this iteration"),
        Binding("l", "log", "log", show=False, tooltip="Show the trainer's log in full, or go back"),
        Binding("r", "runs", "runs", show=False, tooltip="List the runs on disk; this one goes on"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Static(Content(self._headline()), id="headline", classes="title-line")
        yield Static("", id="progress", markup=False)
        with Horizontal(id="body"):
            yield ChartGrid(self.history, id="charts")
            with Vertical(id="side"):
                yield KnobPanel(id="knob-panel")
                yield CurriculumPanel(id="curricula")
                yield Console(id="console")
        yield Footer()

    def on_mount(self) -> None:
        """Begin at the knobs."""
        self.query_one(KnobTable).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a slash to the filter while one types there."""
        return action != "filter" or not isinstance(self.focused, Input)

    # --- what happens in the run ---

    def show_run(self) -> None:
        """Draw what is new."""
        self.take_curricula()
        self.query_one(ChartGrid).show(self.state, self.curricula)
        self.show_steering()
        self._show_progress()

    @on(ConsoleGrew)
    def _take_console(self, message: ConsoleGrew) -> None:
        self.query_one(Console).append(message.text)

    def on_resize(self) -> None:
        """Fit the progress bar; there may be room for other panels."""
        self._show_progress()
        self.call_after_refresh(self.show_steering)

    def _show_progress(self) -> None:
        bar_width = max(8, min(40, self.size.width - 70))
        line = self.query_one("#progress", Static)
        line.set_class(self.state.status(self.is_live) == "failed", "failed")
        line.update(plain(progress(self.state, self.is_live, bar_width)))

    # --- the training as a whole ---

    def action_pause_or_resume(self) -> None:
        """Hold the training, or let it go on."""
        if self.state.status(self.is_live) == "paused":
            self.ask(Resume(), "the training goes on")
        else:
            self.ask(Pause(), "the training pauses after this iteration")

    def action_save(self) -> None:
        """Save a checkpoint."""
        self.ask(Save())

    def action_export(self) -> None:
        """Export the living policy, or the newest checkpoint of an ended run."""
        if self.is_live:
            self.ask(ExportCommand())
        else:
            self.say(News("exporting the newest checkpoint…"))
            self._export_checkpoint()

    @work(thread=True, exclusive=True, group="export")
    def _export_checkpoint(self) -> None:
        try:
            result = export_checkpoint(self.folder, find_checkpoint(self.folder, None))
        except (ExportProblem, NoCheckpoint) as error:
            self.post_message(Told(str(error), "error"))
        else:
            self.post_message(Told(export_result(result)))

    @work
    async def action_stop(self) -> None:
        """Ask, then stop the training."""
        if not self.is_active:
            return
        if not self.is_live:
            self.ask(Stop())  # to be told why not, without a question first
        elif await self.app.push_screen_wait(Confirm("Save a checkpoint and end this training?")):
            self.ask(Stop(), "the training stops after this iteration")

    def action_log(self) -> None:
        """Give the whole screen to the log, or take it back."""
        self.toggle_class("-log")
        if self.has_class("-log"):
            self.query_one(Console).focus()
        else:
            self.focus_steering()

    def action_runs(self) -> None:
        """Go to the list of runs."""
        self.app.show_runs()  # type: ignore[attr-defined]

    def action_leave(self) -> None:
        """Leave the program and say that the training goes on."""
        path, here = self.folder.path, Path.cwd()
        shown = shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
        goes_on = f"The training goes on. Come back with:\nhumanoid-tui attach {shown}"
        ended = f"The training has ended. Look at it again with:\nhumanoid-tui attach {shown}"
        self.app.exit(message=Text(plain(ended if self._has_ended() else goes_on)))  # a path is no markup

    def _has_ended(self) -> bool:
        """Whether there is no training any more; one that was just launched has no journal yet."""
        if self.state.phase is not None and self.state.phase.phase in TERMINAL_PHASES:
            return True
        journal = self.folder.journal
        return not self.is_live and journal.exists() and journal.stat().st_size > 0

    def _headline(self) -> str:
        try:
            spec = self.folder.read_spec()
        except RunFolderError as error:
            return plain(str(error))
        parts = (self.folder.name, origin_of(spec), f"{spec.num_envs} environments on {spec.device}", spec.task)
        return plain("  ".join(part for part in parts if part))
