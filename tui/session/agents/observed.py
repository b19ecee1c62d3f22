"""Runs as programs see them: read once, then kept up to date, so that a question costs as little as what is new."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.messages import InterventionQueued
from trainer_proc.contract.run_folder import RunFolder
from tui.session.follow import Follower
from tui.session.metrics.column_reader import ColumnReader
from tui.session.runs.followed import FollowedRun
from tui.session.runs.run_index import named_run

_MOST_RUNS = 8
"""Runs that are kept; the one that was looked at longest ago is forgotten."""


class ObservedRun(FollowedRun):
    """A run with the times of its changes by agents; read by one thread at a time."""

    def __init__(self, folder: RunFolder) -> None:
        """Follow the run in `folder`. Raises `RunFolderError`."""
        super().__init__(folder, folder.name)
        self.lock = threading.Lock()
        """Held by the thread that reads the run."""
        self.agent_times: list[float] = []
        """Unix times in seconds at which changes by agents were accepted."""
        self.is_broken = False
        """Whether it could not be read; then it is read again from the beginning, else it would seem to be empty."""
        self._follower = Follower(folder, ColumnReader(folder.journal))

    def update(self) -> None:
        """Read what is new. Raises `JournalUnreadable` or `OSError`."""
        try:
            self._read()
        except (JournalUnreadable, OSError):
            self.is_broken = True
            raise

    def _read(self) -> None:
        while True:
            frames = self._follower.poll(0.0)
            self.take(frames, self._follower.is_live)
            self.agent_times += [
                frame.time for frame in frames if isinstance(frame.body, InterventionQueued) and frame.body.agent
            ]
            if not frames and not self._follower.has_more:
                return

    def close(self) -> None:
        """Follow the run no longer."""
        self._follower.close()


class ObservedRuns:
    """The runs below a folder, by name. Thread-safe."""

    def __init__(self, log_root: Path) -> None:
        self.log_root = log_root
        self._runs: OrderedDict[Path, ObservedRun] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> ObservedRun:
        """Return the run that `name` names below the log root; hold its `lock` and `update` it to read it.

        Raises `RunNotFound` or `RunFolderError`.
        """
        return self.of(named_run(name, self.log_root))

    def of(self, folder: RunFolder) -> ObservedRun:
        """Return the run in `folder`, as `get` does. Raises `RunFolderError`."""
        with self._lock:
            run, forgotten = self._runs.pop(folder.path, None), []
            if run is not None and run.is_broken:
                forgotten.append(run)
                run = None
            run = self._runs[folder.path] = run or ObservedRun(folder)
            if len(self._runs) > _MOST_RUNS:
                forgotten.append(self._runs.popitem(last=False)[1])
        for one in forgotten:
            with one.lock:
                one.close()
        return run

    @contextmanager
    def reading(self, folder: RunFolder) -> Iterator[ObservedRun]:
        """Hold the run in `folder` as it is now. Raises `RunFolderError`, `JournalUnreadable` or `OSError`."""
        run = self.of(folder)
        with run.lock:
            run.update()
            yield run
