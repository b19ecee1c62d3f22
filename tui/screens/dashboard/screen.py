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
from textual.widgets import Input, Static

from trainer_proc.contract.export_process import ExportProblem
from trainer_proc.contract.messages import TERMINAL_PHASES
from trainer_proc.contract.requests import Export as ExportCommand
from trainer_proc.contract.requests import Pause, Resume, Save, Stop
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.app_settings import settings_of
from tui.navigation import ShowRuns
from tui.screens.chart_screen import ChartScreen
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.log_panel import ConsolePanel
from tui.screens.dashboard.log_view import Console
from tui.screens.dashboard.run_screen import Told
from tui.screens.dashboard.steering_screen import SteeringScreen
from tui.session.board.chart_source import ChartSource
from tui.session.describe import export_result, progress
from tui.session.exporting import export_checkpoint
from tui.session.interventions.marks import MarkLog
from tui.session.notifications.news import News
from tui.session.runs.checkpoints import NoCheckpoint, find_checkpoint, origin_of
from tui.session.text import plain
from tui.widgets.board import ChartBoard
from tui.widgets.dialogs import Confirm
from tui.widgets.diff_text import ChangingText
from tui.widgets.key_footer import KeyFooter
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.status_line import StatusLine

_ACTIONS_ON_THE_SIDE = frozenset(
    ("filter", "curricula", "level", "auto", "only_changed", "default", "unpin", "stop_ramp", "log")
)
"""They need a panel that isn't there while a chart has all the room."""
_BEFORE_OTHERS = frozenset(("filter", "default", "unpin", "stop_ramp"))
"""Their keys have priority: those before them have moved the cursor of the knobs, which have it too."""


class DashboardScreen(SteeringScreen, ChartScreen):
    """Shows a run, live, finished or killed, and steers it while it lives."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p",
            "pause_or_resume",
            "pause",
            tooltip="Hold the training between two iterations, or go on",
            id="dashboard.pause",
        ),
        Binding("e", "export", "export", tooltip="Export the policy as ONNX, checked and timed", id="dashboard.export"),
        Binding("x", "stop", "stop", tooltip="Save a checkpoint and end the training", id="dashboard.stop"),
        # before all others: letters that are typed behind it, in one piece maybe, must find the filter open
        Binding(
            "slash",
            "filter",
            "filter",
            key_display="/",
            priority=True,
            tooltip="Find knobs by a few letters; in the log, lines",
            id="knobs.filter",
        ),
        Binding("u", "undo", "undo", tooltip="Undo the last change that is not undone", id="dashboard.undo"),
        Binding(
            "h", "past", "history", tooltip="List the interventions; undo or redo any of them", id="dashboard.history"
        ),
        Binding("q", "leave", "leave", tooltip="Leave the program; the training goes on", id="dashboard.leave"),
        Binding(
            "t",
            "curricula",
            "curricula",
            show=False,
            tooltip="Go to the curricula, or back to the knobs",
            id="dashboard.curricula",
        ),
        Binding(
            "plus",
            "level(1)",
            "level up",
            key_display="+",
            show=False,
            tooltip="Set a curriculum a level higher",
            id="curricula.level-up",
        ),
        Binding(
            "minus",
            "level(-1)",
            "level down",
            key_display="-",
            show=False,
            tooltip="Set it a level lower",
            id="curricula.level-down",
        ),
        Binding("a", "auto", "auto", show=False, tooltip="Let the curriculum set its level again", id="curricula.auto"),
        Binding("U", "redo", "redo", show=False, tooltip="Do again what was undone last", id="dashboard.redo"),
        Binding(
            "c",
            "only_changed",
            "changed only",
            show=False,
            tooltip="Show only knobs that were changed, or all",
            id="knobs.changed-only",
        ),
        Binding(
            "d",
            "default",
            "default",
            show=False,
            priority=True,
            tooltip="Set the knob under the cursor to its default",
            id="knobs.default",
        ),
        Binding(
            "i",
            "unpin",
            "unpin",
            show=False,
            priority=True,
            tooltip="Give the knob under the cursor back to its other writer",
            id="knobs.unpin",
        ),
        Binding(
            "m",
            "stop_ramp",
            "stop ramp",
            show=False,
            priority=True,
            tooltip="Leave the knob under the cursor where its ramp is",
            id="knobs.stop-ramp",
        ),
        Binding(
            "y",
            "copy",
            "copy preset",
            show=False,
            tooltip="Copy a preset with what was changed, as TOML",
            id="dashboard.copy-preset",
        ),
        Binding("s", "save", "save", show=False, tooltip="Save a checkpoint after this iteration", id="dashboard.save"),
        Binding(
            "l", "log", "log", show=False, tooltip="Show the trainer's log in full, or go back", id="dashboard.log"
        ),
        Binding(
            "g",
            "machine",
            "machine",
            show=False,
            tooltip="Show GPUs, CPU, memory and this run's processes, or hide them",
            id="dashboard.machine",
        ),
        Binding(
            "r", "runs", "runs", show=False, tooltip="List the runs on disk; this one goes on", id="dashboard.runs"
        ),
    ]

    def __init__(self, folder: RunFolder) -> None:
        """Show the run in `folder`."""
        super().__init__(folder)
        self._marks = MarkLog()

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        task, headline = self._task_and_headline()
        with Horizontal(classes="title-line"):
            yield Static(Content(headline), id="headline")
            yield StatusLine()
        yield ChangingText(id="progress")
        with Horizontal(id="body"):
            source = ChartSource(self.folder.name, self.history, self._marks.marks)
            settings = settings_of(self.app).board
            yield ChartBoard([source], task, settings=settings, id="charts")
            with Vertical(id="side"):
                yield KnobPanel(id="knob-panel")
                yield CurriculumPanel(id="curricula")
                with Horizontal(id="bottom"):
                    yield ConsolePanel(self.folder.console, id="console-panel")
                    yield MachinePanel(self.folder, id="machine")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin at the knobs."""
        self.query_one(KnobTable).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to what one types in, and knobs alone that can't be seen."""
        is_typed = action in _BEFORE_OTHERS and isinstance(self.focused, Input)
        is_hidden = action in _ACTIONS_ON_THE_SIDE and self.has_class("-maximised")
        return not is_typed and not is_hidden and super().check_action(action, parameters)

    # --- what happens in the run ---

    def show_run(self) -> None:
        """Draw what is new."""
        self.take_curricula()
        self._marks.take(self.state)
        self.board.show(self.state, self.curricula)
        self.show_steering()
        self.query_one(MachinePanel).show(is_training=self.state.iteration is not None)
        self._show_progress()

    def on_resize(self) -> None:
        """Fit the progress bar; there may be room for other panels."""
        self._show_progress()
        self.call_after_refresh(self.show_steering)

    def _show_progress(self) -> None:
        bar_width = max(8, min(40, self.size.width - 70))
        line = self.query_one("#progress", ChangingText)
        line.set_class(self.state.status(self.is_live) == "failed", "failed")
        line.update(plain(progress(self.state, self.is_live, bar_width)))

    @on(ChartBoard.LayoutRead)
    def _fold_as_before(self, message: ChartBoard.LayoutRead) -> None:
        layout = message.layout
        self.query_one(KnobTable).set_folded(frozenset(layout.folded), frozenset(layout.folded_changed))

    @on(KnobTable.Folded)
    def _keep_folds(self, message: KnobTable.Folded) -> None:
        self.board.keep_folds(message.all_knobs, message.changed_knobs)

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
            self.post_message(Told(str(error), "error", needs_person=True))
        else:
            self.post_message(Told(export_result(result), needs_person=True))

    @work
    async def action_stop(self) -> None:
        """Ask, then stop the training."""
        if not self.is_live:
            self.ask(Stop())  # to be told why not, without a question first
        elif await self.answer_to(Confirm("Save a checkpoint and end this training?")):
            self.ask(Stop(), "the training stops after this iteration")

    def action_log(self) -> None:
        """Give the whole screen to the log, or take it back."""
        self.remove_class("-machine")
        self.toggle_class("-log")
        if self.has_class("-log"):
            self.query_one(Console).focus()
        else:
            self.focus_steering()

    def action_machine(self) -> None:
        """Show what the machine is at, or hide it."""
        panel, console = self.query_one(MachinePanel), self.query_one(Console)
        self.remove_class("-log")
        self.toggle_class("-machine")
        if not self.has_class("-machine"):
            self.focus_steering()
        elif self.has_class("-narrow") or self.has_class("-short") or console.has_focus:  # those have made room
            panel.focus()

    def action_filter(self) -> None:
        """Find lines of the log if it has the focus, else knobs."""
        if self.query_one(Console).has_focus:
            self.query_one(ConsolePanel).open_search()
        else:
            super().action_filter()

    def action_runs(self) -> None:
        """Go to the list of runs."""
        self.post_message(ShowRuns())

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

    def _task_and_headline(self) -> tuple[str, str]:
        """Return what the run trains, for which charts are arranged, and what stands above them."""
        try:
            spec = self.folder.read_spec()
        except RunFolderError as error:
            return "", plain(str(error))
        parts = (self.folder.name, origin_of(spec), f"{spec.num_envs} environments on {spec.device}", spec.task)
        return spec.task, plain("  ".join(part for part in parts if part))
