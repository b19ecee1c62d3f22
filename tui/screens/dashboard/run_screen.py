"""A screen that follows one run, tells what happens in it and asks its trainer for things."""

from __future__ import annotations

import time
from typing import Literal

from textual import on, work
from textual.message import Message

from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.requests import Command, Refused
from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import settings_of
from tui.session.client import RunClient
from tui.session.control import TrainerUnreachable, ask
from tui.session.knobs.history import KnobHistory
from tui.session.metrics.history import MetricHistory
from tui.session.notifications.news import News, news_of
from tui.session.notifications.notify import is_news
from tui.session.state import RunState
from tui.terminal.frame_clock import draw_soon
from tui.terminal.partial_repaint import LiveScreen
from tui.terminal.toasts import show_news


class FramesArrived(Message):
    """New frames of the run, whether its trainer is connected, and whether more of its journal comes at once."""

    def __init__(self, frames: list[Frame], is_live: bool, has_more: bool = False) -> None:
        super().__init__()
        self.frames = frames
        self.is_live = is_live
        self.has_more = has_more


class Told(Message):
    """One line for the person, from a thread."""

    def __init__(
        self,
        text: str,
        severity: Literal["information", "warning", "error"] = "information",
        needs_person: bool = False,
    ) -> None:
        super().__init__()
        self.news = News(text, severity, needs_person)


class RunScreen(LiveScreen):
    """Keeps the fold of a run's frames up to date while it is shown."""

    def __init__(self, folder: RunFolder) -> None:
        """Follow the run in `folder` from the moment that the screen is shown."""
        super().__init__()
        self.folder = folder
        self.state = RunState()
        self.history = MetricHistory()
        self.knob_history = KnobHistory()
        self.is_live = read_connection(folder) is not None
        self._client: RunClient | None = None
        self._since = time.time()

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self._client = RunClient(
            self.folder,
            on_frames=lambda *arrived: self._post(FramesArrived(*arrived)),
            on_problem=lambda text: self._post(Told(text, "error")),
        )

    def on_unmount(self) -> None:
        """Let go of the run, which goes on."""
        if self._client is not None:
            self._client.close()

    def show_run(self) -> None:
        """Draw what is new in `state` and `history`."""

    def ask(self, command: Command, done: str = "") -> None:
        """Ask the trainer for something without waiting; a refusal is told, and `done` if there is none."""
        self._ask(command, done)

    def say(self, news: News) -> None:
        """Tell the person one line in passing."""
        show_news(self.app, news, settings_of(self.app).notify, self.folder.name)

    def _post(self, message: Message) -> None:
        self.post_message(message)

    @on(FramesArrived)
    def _take_frames(self, message: FramesArrived) -> None:
        self.is_live = message.is_live
        self.history.apply(message.frames)
        self.knob_history.apply(message.frames)
        self.state.apply_all(message.frames)
        for frame in message.frames:
            if is_news(frame, self._since) and (news := news_of(frame.body)) is not None:
                self.say(news)
        if not message.has_more:  # a picture of each part of a long journal would cost more than to read it
            draw_soon(self, self._draw)

    def _draw(self) -> None:
        if self.is_drawable:
            self.show_run()

    @on(Told)
    def _take_told(self, message: Told) -> None:
        self.say(message.news)

    @work(thread=True)
    def _ask(self, command: Command, done: str) -> None:
        try:
            reply = ask(self.folder, command)
        except TrainerUnreachable as error:
            self.post_message(Told(str(error), "error"))
            return
        if isinstance(reply, Refused):
            self.post_message(Told(reply.reason, "error"))
            return
        if reply.message:
            self.post_message(Told(reply.message, "warning"))
        if done:
            self.post_message(Told(done))
