"""The thread that follows a run for a screen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trainer_proc.wire.journal import JournalDamaged
from trainer_proc.wire.messages import Frame
from trainer_proc.wire.run_folder import RunFolder
from tui.session.follow import Follower
from tui.session.text import TextTail

_POLL_SECONDS = 0.25
_LARGEST_BATCH = 2000
"""Frames handed over at once, so that a screen can draw in between while it takes in a long journal."""


class RunClient:
    """Calls back with frames, with new console text and with whether the trainer lives, from its own thread."""

    def __init__(
        self,
        folder: RunFolder,
        on_frames: Callable[[list[Frame], bool], None],
        on_console: Callable[[str], None],
        on_problem: Callable[[str], None],
    ) -> None:
        """Start following. `on_frames(frames, is_live)` also comes, empty, when the trainer is gone or found."""
        self._folder = folder
        self._on_frames = on_frames
        self._on_console = on_console
        self._on_problem = on_problem
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="run client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, within a poll's time; does not wait for it."""
        self._closing.set()

    def _run(self) -> None:
        console = TextTail(self._folder.console)
        was_live: bool | None = None
        with Follower(self._folder) as follower:
            while not self._closing.is_set():
                try:
                    frames = follower.poll(_POLL_SECONDS)
                    text = console.read_new()
                except (JournalDamaged, OSError) as error:
                    self._on_problem(str(error))
                    return
                if text:
                    self._on_console(text)
                if frames or follower.is_live != was_live:
                    was_live = follower.is_live
                    for start in range(0, max(len(frames), 1), _LARGEST_BATCH):
                        self._on_frames(frames[start : start + _LARGEST_BATCH], was_live)
