"""The dashboard of one run: charts, knobs, curricula, log and machine. Its keys are listed in `actions.py`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from curricula.schema import SchemaError
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.app_settings import lacks_colours, settings_of
from tui.screens.dashboard.actions import KEYS, OWN_FILE_ACTIONS, SIDE_PANEL_ACTIONS, TYPED_ACTIONS
from tui.screens.dashboard.agent_actions import AgentActions
from tui.screens.dashboard.curriculum_actions import CurriculumActions
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.export_actions import ExportActions
from tui.screens.dashboard.key_context import KeyContext
from tui.screens.dashboard.knob_actions import KnobActions
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.log_panel import LogPanel
from tui.screens.dashboard.log_strip import LogStrip
from tui.screens.dashboard.panel_actions import PanelActions
from tui.screens.dashboard.training_actions import TrainingActions
from tui.screens.dashboard.verify_actions import VerifyActions
from tui.session.board.chart_source import ChartSource
from tui.session.curricula.reconstruct import curricula_now
from tui.session.curricula.view import has_panel, levels_text
from tui.session.interventions.marks import MarkLog
from tui.session.machine.gpu_use import GpuUse, GpuUseFollower
from tui.session.notifications.news import News
from tui.session.robot.live import LiveRobot
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.labels import labels_or_problem
from tui.session.runs.run_columns import label_text
from tui.session.status_text import load_text, progress_line
from tui.session.step_text import step_parts
from tui.session.text import plain
from tui.terminal.frame_clock import draw_soon
from tui.widgets.board import ChartBoard
from tui.widgets.diff_text import DiffText
from tui.widgets.key_footer import KeyFooter
from tui.widgets.machine_panel import MachinePanel
from tui.widgets.robot.live_pane import LiveRobotPane
from tui.widgets.status_line import StatusLine
from tui.widgets.thread_failed import ThreadFailed

_CLOCK_SECONDS = 10.0
"""How often the header is drawn without news: its times are in minutes."""
_PADDING = 2


class DashboardScreen(
    TrainingActions,
    ExportActions,
    VerifyActions,
    PanelActions,
    KnobActions,
    CurriculumActions,
    AgentActions,
    KeyContext,
):
    """Shows a run, live, ended or killed, and steers it while it lives."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, folder: RunFolder) -> None:
        """Show the run in `folder`."""
        super().__init__(folder)
        self._marks = MarkLog()
        self._curricula_problem = ""
        self._gpus: GpuUse | None = None
        self._gpu_follower: GpuUseFollower | None = None

    @dataclass
    class GpusRead(Message):
        """The run's GPUs were read; None if it has none on this machine."""

        use: GpuUse | None

    def compose(self) -> ComposeResult:
        task, headline = self._task_and_headline()
        with Horizontal(classes="title-line"):
            yield Static(Content(headline), id="headline")
            yield StatusLine()
        yield DiffText(id="progress")
        yield DiffText(id="agents")
        with Horizontal(id="body"):
            source = ChartSource(self.folder.name, self.history, self._marks.marks)
            with Container(id="top"):
                yield ChartBoard([source], task, settings=settings_of(self.app).board, id="charts")
                yield LiveRobotPane(partial(LiveRobot, self.folder), patterns=lacks_colours(self.app), id="robot")
            with Vertical(id="side"):
                yield KnobPanel(id="knob-panel")
                yield CurriculumPanel(id="curricula")
                with Horizontal(id="bottom"):
                    yield LogPanel(self.folder.console, id="console-panel")
                    yield MachinePanel(self.folder, id="machine")
            yield LogStrip(id="log-strip")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Focus the knobs; read the run's GPUs, and show the time that passes without news."""
        self.query_one(KnobTable).focus()
        self._gpu_follower = GpuUseFollower(
            self.folder,
            on_use=lambda use: self._post(self.GpusRead(use)),
            on_problem=lambda text: self._post(ThreadFailed(text)),
        )
        self.set_interval(_CLOCK_SECONDS, self._show_header)

    def on_unmount(self) -> None:
        """Stop reading the GPUs."""
        if self._gpu_follower is not None:
            self._gpu_follower.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable actions whose panel is hidden, and those whose keys the user types into a field."""
        is_typed = action in TYPED_ACTIONS and isinstance(self.focused, Input)
        is_hidden = action in SIDE_PANEL_ACTIONS and self.has_class("-maximised")
        is_there = self.mirror is not None and action in OWN_FILE_ACTIONS
        return not is_typed and not is_hidden and not is_there and super().check_action(action, parameters)

    # --- drawing ---

    def show_run(self) -> None:
        """Draw what is new in the run."""
        self._update_curricula()
        self._marks.take(self.state)
        self.board.show(self.state, self.curricula)
        self.show_panels()
        self.query_one(MachinePanel).show(self.state.iteration is not None, step_parts(self.state))
        self._show_header()

    def load_drawn(self) -> None:
        """Read what the charts of the page draw."""
        self.board.load_drawn()

    def show_panels(self) -> None:
        """Draw knobs and curricula; where the curricula are hidden, the knob panel's border shows their levels."""
        panel = self.query_one(CurriculumPanel)
        had_panel = self.has_class("-has-curricula")
        self.set_class(has_panel(self.state, self.curricula), "-has-curricula")
        if self.has_class("-has-curricula") != had_panel:
            self.refresh_bindings()
        panel.show(self.state, self.curricula, self._level_steps.wanted, has_ended=self.has_ended)
        is_elsewhere = self.has_class("-has-curricula") and not panel.display
        note = f"t curricula: {levels_text(self.curricula)}" if self.curricula else "t terrain and tasks"
        shown_note = note if is_elsewhere else ""
        wanted, has_ended = self._knob_steps.wanted, self.has_ended
        self.query_one(KnobPanel).show(self.state, shown_note, self.knob_history, wanted, has_ended=has_ended)

    def on_resize(self) -> None:
        """Fit the header; there may be room for other panels."""
        self._show_header()
        self.call_after_refresh(self.show_panels)

    def _update_curricula(self) -> None:
        try:
            self.curricula = curricula_now(self.state)
        except SchemaError as problem:  # written by another version of the program
            if not self._curricula_problem:
                self.report(News(f"cannot show this run's curricula: {problem}", "warning"))
            self._curricula_problem = str(problem)

    @on(GpusRead)
    def _take_gpus(self, message: GpusRead) -> None:
        if message.use != self._gpus:
            self._gpus = message.use
            draw_soon(self, self._show_header)

    def _show_header(self) -> None:
        if not self.is_drawable:
            return
        line = self.query_one("#progress", DiffText)
        line.set_class(self.state.status(self.is_live) == "failed" or bool(self.not_followed), "failed")
        room = self.size.width - _PADDING
        text = progress_line(
            self.state,
            self.is_live,
            room,
            time.time(),
            self.not_followed,
            exporting_since=self.exporting_since,
        )
        line.update(plain(text))
        self.query_one(StatusLine).show(load_text(self.state, self.is_live, self._gpus))

    def _task_and_headline(self) -> tuple[str, str]:
        """Return the task, for which the layout of the charts is stored, and the headline."""
        try:
            spec = self.folder.read_spec()
        except RunFolderError as error:
            return "", plain(str(error))
        where = "" if self.mirror is None else f"{self.mirror.host.name}:"
        labels, _ = labels_or_problem(self.folder)
        environments = f"{spec.num_envs} environments on {spec.device}"
        parts = (label_text(labels), f"{where}{self.folder.name}", origin_of(spec), environments, spec.task)
        return spec.task, plain("  ".join(part for part in parts if part))

    # --- folded knob kinds, stored with the layout of the charts ---

    @on(ChartBoard.LayoutRead)
    def _restore_folds(self, message: ChartBoard.LayoutRead) -> None:
        layout = message.layout
        self.query_one(KnobTable).set_folded(frozenset(layout.folded), frozenset(layout.folded_changed))

    @on(KnobTable.Folded)
    def _store_folds(self, message: KnobTable.Folded) -> None:
        self.board.keep_folds(message.all_knobs, message.changed_knobs)
