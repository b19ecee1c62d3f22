"""A screen that follows one run, tells what happens in it and asks its trainer for things."""

from __future__ import annotations

from typing import Literal

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from trainer_proc.wire.connection import read_connection
from trainer_proc.wire.messages import Frame
from trainer_proc.wire.requests import Command, Refused
from trainer_proc.wire.run_folder import RunFolder
from tui.session.client import RunClient
from tui.session.control import TrainerUnreachable, ask
from tui.session.history import MetricHistory
from tui.session.news import News, news_of
from tui.session.state import RunState
from tui.session.text import plain


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

    def __init__(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        super().__init__()
        self.news = News(text, severity)


class RunScreen(Screen[None]):
    """Keeps the fold of a run's frames up to date while it is shown."""

    def __init__(self, folder: RunFolder) -> None:
        """Follow the run in `folder` from the moment that the screen is shown."""
        super().__init__()
        self.folder = folder
        self.state = RunState()
        self.history = MetricHistory()
        self.is_live = read_connection(folder) is not None
        self._client: RunClient | None = None

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self._client = RunClient(
            self.folder,
            on_frames=lambda frames, is_live: self._post(FramesArrived(frames, is_live)),
            on_console=lambda text: self._post(ConsoleGrew(text)),
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
        self.notify(plain(news.text), severity=news.severity, markup=False)

    def _post(self, message: Message) -> None:
        self.post_message(message)

    @on(FramesArrived)
    def _take_frames(self, message: FramesArrived) -> None:
        was_empty = self.state.started is None
        self.is_live = message.is_live
        self.history.apply(message.frames)
        for frame in message.frames:
            self.state.apply(frame)
            news = news_of(frame.body)
            if news is not None and not was_empty:  # what happened before we looked is history, not news
                self.say(news)
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
