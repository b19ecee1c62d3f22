"""The screen that plays one rollout file, or two side by side in step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from trainer_proc.contract.rollout import RolloutError
from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import lacks_colours
from tui.charts.robot.drawing import RobotPainter
from tui.navigation import OpenRun, ShowRuns
from tui.session.robot.recorded import RecordedRobot, recorded_robot
from tui.session.rollouts.of_run import next_rollout
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_hints import FooterKeys, KeyHints
from tui.widgets.key_table import key
from tui.widgets.robot.robot_pane import ROBOT_KEYS, RobotPane, Track
from tui.widgets.status_line import StatusLine


class RolloutScreen(PartialRepaintScreen, KeyHints):
    """Plays files that were recorded with `humanoid-tui rollout`; needs neither simulator nor GPU."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("d,escape", "dashboard", "dashboard", "Open the dashboard of this run", id="rollouts.dashboard"),
        key("n", "next(1)", "next", "Play the rollout of the next checkpoint", id="rollouts.next"),
        key("N", "next(-1)", "previous", "Play the rollout of the checkpoint before", id="rollouts.previous"),
        key("r", "runs", "runs", "Go to the list of runs", id="rollouts.runs"),
        key("q", "leave", "quit", "Quit the program", id="rollouts.leave"),
    ]

    @dataclass
    class Read(Message):
        """The files were read; `problem` is why they can't be played."""

        files: Sequence[Path]
        recorded: Sequence[RecordedRobot]
        problem: str = ""

    def __init__(self, files: Sequence[Path], run: RunFolder | None = None) -> None:
        """Play `files`, one or two; `run` is the run to go back to."""
        super().__init__()
        self.folder = run
        self._files = files

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield Static("", id="headline", markup=False)
            yield StatusLine()
        yield RobotPane(is_live=False, views=len(self._files), patterns=lacks_colours(self.app))
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(RobotPane).focus()
        self._read()

    @work(thread=True)
    def _read(self) -> None:
        files = self._files
        try:
            self.post_message(self.Read(files, [recorded_robot(path) for path in files]))
        except RolloutError as error:
            self.post_message(self.Read(files, [], str(error)))

    @on(Read)
    def _show(self, message: Read) -> None:
        if message.files != self._files:  # another one was chosen meanwhile
            return
        pane, recorded = self.query_one(RobotPane), message.recorded
        pane.text = message.problem
        if not recorded:
            if pane.tracks:  # which still play
                self.app.notify(plain(message.problem), severity="error", markup=False)
            return
        self.query_one("#headline", Static).update(_headline(recorded))
        if len(recorded) > 1:
            pane.set_titles([one.title for one in recorded])
        pane.set_tracks([Track(one.history, RobotPainter(one.rollout.scene)) for one in recorded])

    def footer_keys(self) -> FooterKeys:
        of_run = ("rollouts.dashboard", "rollouts.next", "rollouts.previous")
        return FooterKeys((*of_run, *ROBOT_KEYS), ("rollouts.leave", "app.help"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the ways within a run where there is none."""
        return action not in ("dashboard", "next") or self.folder is not None

    def action_dashboard(self) -> None:
        if self.folder is not None:
            self.post_message(OpenRun(self.folder))

    def action_next(self, direction: int) -> None:
        """Play the run's next rollout (1) or the one before (-1); the camera stays."""
        assert self.folder is not None
        path = next_rollout(self.folder, self._files[0], direction)
        if path is None:
            self.app.notify(f"this is the {'last' if direction > 0 else 'first'} rollout of the run", markup=False)
            return
        self._files = (path,)
        self._read()

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()


def _headline(recorded: Sequence[RecordedRobot]) -> str:
    """Return task and title of a single rollout; of two, the tasks."""
    tasks = list(dict.fromkeys(plain(one.rollout.scene.task) for one in recorded))
    return "  ".join([*tasks, *(one.title for one in recorded if len(recorded) == 1)])
