"""A screen that follows several runs on shared charts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on
from textual.message import Message

from trainer_proc.contract.messages import Frame
from tui.screens.chart_screen import ChartScreen
from tui.session.client import RunClient
from tui.session.runs.followed import FollowedRun
from tui.session.text import plain


class FollowingScreen(ChartScreen):
    """Base of such screens. Stops following when it is left; the runs continue."""

    @dataclass
    class FramesArrived(Message):
        """New frames of one run; `has_more` is whether more of a long journal follows at once."""

        run: FollowedRun
        frames: list[Frame]
        is_live: bool
        has_more: bool

    @dataclass
    class Failed(Message):
        """An error for the user, from a thread."""

        text: str

    def __init__(self) -> None:
        super().__init__()
        self._clients: list[RunClient] = []

    def follow(self, run: FollowedRun, on_end: Callable[[str], None]) -> None:
        """Post the frames of a run from now on; `on_end` gets why no more will come, from a thread."""

        def take(frames: list[Frame], is_live: bool, has_more: bool) -> None:
            self.post_message(self.FramesArrived(run, frames, is_live, has_more))

        self._clients.append(RunClient(run.folder, take, on_end))

    def on_unmount(self) -> None:
        for client in self._clients:
            client.close()

    @on(Failed)
    def _report(self, message: Failed) -> None:
        self.notify(plain(message.text), severity="error", markup=False)
