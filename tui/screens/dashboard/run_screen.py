"""A screen that follows one run, reports what happens in it and sends requests to its trainer."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from curricula.curriculum import Curriculum
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import TERMINAL_PHASES, Frame, PhaseChanged
from trainer_proc.contract.monitoring import GuardFired, StepCaptured
from trainer_proc.contract.requests import Command, Refused
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.stand_ins import StoredIterations
from trainer_proc.contract.trainer_lock import read_trainer
from tui.app_settings import settings_of
from tui.navigation import OpenRun
from tui.screens.chart_screen import ChartScreen
from tui.session.client import RunClient
from tui.session.hosts.mirror import Mirror
from tui.session.knobs.history import KnobHistory
from tui.session.metrics.history import MetricHistory
from tui.session.notifications.news import News, news_of, step_news
from tui.session.notifications.notify import is_news
from tui.session.state import RunState
from tui.session.trainer_request import TrainerUnreachable, ask
from tui.terminal.frame_clock import draw_soon
from tui.terminal.toasts import show_news
from tui.widgets.continue_dialog import ContinueDialog


@dataclass
class FramesArrived(Message):
    """New frames of the run.

    `is_live` is whether its trainer is connected, `has_more` whether more of a long journal follows at once.
    """

    frames: list[Frame]
    is_live: bool
    has_more: bool = False


@dataclass
class Reported(Message):
    """A line for the user, from a thread."""

    news: News


@dataclass
class JobWaits(Message):
    """The run's job waits in an engine; `text` says where, and is empty when it has a place or was cancelled."""

    text: str
    is_cancelled: bool


@dataclass
class HostChanged(Message):
    """The host of the run does not answer, or does again."""


@dataclass
class FollowingEnded(Message):
    """No more frames will come; `text` is one line that says why."""

    text: str


class RunScreen(ChartScreen):
    """Keeps `state` and the histories of a run up to date while it is shown.

    The base of the dashboard's action modules; `DashboardScreen` draws.
    """

    def __init__(self, folder: RunFolder) -> None:
        """Follow the run in `folder` from the moment that the screen is shown."""
        super().__init__()
        self.folder = folder
        self.journal: JournalReader | None = None
        """Set before the screen is shown if a reader has begun already."""
        self.mirror: Mirror | None = None
        """Set before the screen is shown if the run is on a host."""
        self.state = RunState()
        self.history = MetricHistory()
        self.knob_history = KnobHistory()
        self.curricula: list[Curriculum] = []
        self.is_live = is_live(folder)
        self.problem = ""
        """Why no more frames come; empty while the run is followed."""
        self._client: RunClient | None = None
        self._since = time.time()

    def on_mount(self) -> None:
        """Begin to follow the run."""
        if self.mirror is not None:
            self.mirror.on_change = lambda: self._post(HostChanged())
        self._client = RunClient(
            self.folder,
            on_frames=lambda *arrived: self._post(FramesArrived(*arrived)),
            on_problem=lambda text: self._post(FollowingEnded(text)),
            on_warning=lambda text: self._post(Reported(News(text, "warning", needs_user=True))),
            on_waiting=lambda *waits: self._post(JobWaits(*waits)),
            journal=self.journal,
        )

    def on_unmount(self) -> None:
        """Stop following the run, which continues."""
        if self.mirror is not None:
            self.mirror.on_change = lambda: None
        if self._client is not None:
            self._client.close()

    @property
    def not_followed(self) -> str:
        """Why nothing comes now, from the run or from its host; empty while all is well."""
        from_host = self.mirror.problem if self.mirror is not None else ""
        return self.problem or (from_host and f"{from_host}; trying again")

    @property
    def has_ended(self) -> bool:
        """Whether the run had a trainer and has none any more; false until its first frame is read."""
        if self.state.phase is not None and self.state.phase.phase in TERMINAL_PHASES:
            return True
        return not self.is_live and (self.state.phase is not None or self.state.started is not None)

    def show_run(self) -> None:
        """Draw what is new in `state` and `history`."""

    def load_drawn(self) -> None:
        """Read what the charts draw from the journal at once: if each was painted before, each would read all of it."""

    def show_panels(self) -> None:
        """Draw the knob panel and the curriculum panel."""

    def send(self, command: Command, done: str = "") -> None:
        """Send a command to the trainer without waiting. Report a refusal, or `done` when it is accepted."""
        self._send(command, done)

    def report(self, news: News) -> None:
        """Show a toast; alert the user as the settings say. Paths in it are those of the run's host."""
        if self.mirror is not None:
            news = news._replace(text=f"{self.mirror.host.name}: {news.text}")
        show_news(self.app, news, settings_of(self.app).notify, self.folder.name)

    async def continue_run(self, at: int | None) -> None:
        """Ask how to continue the run from the checkpoint of iteration `at`, or the newest; open the new run."""
        if new := await self.answer_to(ContinueDialog(self.folder, at)):
            self.post_message(OpenRun(new))

    def _post(self, message: Message) -> None:
        self.post_message(message)

    @on(JobWaits)
    def _take_waiting(self, message: JobWaits) -> None:
        self.state.waiting = message.text
        if message.is_cancelled and self.state.phase is None:
            self.state.phase = PhaseChanged("finished", "cancelled before it had a place")
        draw_soon(self, self.show_run)

    @on(FramesArrived)
    def _take_frames(self, message: FramesArrived) -> None:
        before, step = self._offered(), self.state.step_captured
        self.is_live = message.is_live
        self.history.apply(message.frames)
        if any(isinstance(frame.body, StoredIterations) for frame in message.frames):
            self.load_drawn()
        self.knob_history.apply(message.frames)
        self.state.apply_all(message.frames)
        if not self.is_live:
            self.state.take_trainer(read_trainer(self.folder))
            if self.state.status(True) == "running" and not self.folder.spec_file.exists():
                self.state.phase = PhaseChanged("finished")  # `run-policy` removes its folder at its end
        for frame in message.frames:
            before_it = step
            if isinstance(frame.body, StepCaptured):
                step = frame.body
            is_repeated = isinstance(frame.body, GuardFired) and not self.state.troubles.is_new(frame.body)
            if is_repeated or not is_news(frame, self._since):
                continue
            body = frame.body
            news = step_news(before_it, body) if isinstance(body, StepCaptured) else news_of(body)
            if news is not None:
                self.report(news)
        if before != self._offered():
            self.refresh_bindings()
        if not message.has_more:  # drawing after each part of a long journal would cost more than reading it
            draw_soon(self, self._draw)

    def _offered(self) -> object:
        """Return what the keys in the footer depend on."""
        return self.has_ended, self.state.status(self.is_live), bool(self.state.knobs)

    def _draw(self) -> None:
        if self.is_drawable:
            self.show_run()

    @on(FollowingEnded)
    def _show_problem(self, message: FollowingEnded) -> None:
        self.problem = message.text
        self.report(News(message.text, "error"))
        draw_soon(self, self._draw)

    @on(HostChanged)
    def _show_host(self) -> None:
        draw_soon(self, self._draw)

    @on(Reported)
    def _report(self, message: Reported) -> None:
        self.report(message.news)

    @work(thread=True)
    def _send(self, command: Command, done: str) -> None:
        if self.mirror is not None and self.mirror.problem:
            self.post_message(Reported(News(f"not sent: {self.mirror.problem}", "error")))
            return
        try:
            reply = ask(self.folder, command)
        except TrainerUnreachable as error:
            self.post_message(Reported(News(str(error), "error")))
            return
        if isinstance(reply, Refused):
            self.post_message(Reported(News(reply.reason, "error")))
            return
        if reply.message:
            self.post_message(Reported(News(reply.message, "warning")))
        if done:
            self.post_message(Reported(News(done)))
