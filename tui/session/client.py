"""Thread that follows a run for a screen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.run_folder import RunFolder
from tui.session.background import BackgroundThread
from tui.session.engines.job import is_cancelled
from tui.session.engines.jobs import JOBS
from tui.session.follow import Follower
from tui.session.machine.disk_warning import DiskWatch
from tui.session.metrics.column_reader import ColumnReader

_POLL_SECONDS = 0.25


class RunClient:
    """Calls back from its own thread with frames and whether the trainer is live."""

    def __init__(
        self,
        folder: RunFolder,
        on_frames: Callable[[list[Frame], bool, bool], None],
        on_problem: Callable[[str], None],
        on_warning: Callable[[str], None] = lambda text: None,
        on_waiting: Callable[[str, bool], None] = lambda text, is_cancelled: None,
        journal: JournalReader | None = None,
    ) -> None:
        """Start following; `on_problem` gets one line if that ends, as nothing comes after it.

        `journal` is the reader of the run's journal, if one has begun already.

        `on_warning` gets one line when the disk of a live run is nearly full.

        `on_waiting(text, is_cancelled)` gets where the run's job waits in an engine, in one line. It is empty when the
        job has a place, or was cancelled.

        `on_frames(frames, is_live, has_more)` also comes, empty, when the trainer is gone or found; with `has_more`,
        more of a long journal comes at once.
        """
        self._folder = folder
        self._on_frames = on_frames
        self._on_problem = on_problem
        self._on_warning = on_warning
        self._on_waiting = on_waiting
        self._journal = ColumnReader(folder.journal) if journal is None else journal
        self._closing = threading.Event()
        BackgroundThread("following the run", self._run, on_problem).start()

    def close(self) -> None:
        """End the thread, within a poll's time; does not wait for it."""
        self._closing.set()

    def _run(self) -> None:
        was_live: bool | None = None
        had_more, waiting = False, ""
        disk = DiskWatch(self._folder)
        with Follower(self._folder, self._journal) as follower:
            while not self._closing.is_set():
                try:
                    frames = follower.poll(_POLL_SECONDS)
                except (JournalUnreadable, OSError) as error:
                    self._on_problem(str(error))
                    return
                if follower.is_live and (warning := disk.news()):
                    self._on_warning(warning)
                if (now := "" if follower.is_live else JOBS.waiting_text(self._folder)) != waiting:
                    waiting = now
                    self._on_waiting(waiting, is_cancelled(self._folder))
                if frames or had_more or follower.is_live != was_live:
                    was_live, had_more = follower.is_live, follower.has_more
                    self._on_frames(frames, was_live, had_more)
