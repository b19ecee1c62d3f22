"""Thread that finds runs in a log folder and reads the chosen ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from tui.session.background import BackgroundThread
from tui.session.watch import EventFileError
from tui.session.watch.log_folder import LogFolder, look_into
from tui.session.watch.run_parts import RunParts
from tui.session.watch.run_reader import Portion, RunReader

_POLL_SECONDS = 0.25
_LOOK_SECONDS, _LOOK_SHARE = 1.0, 0.05
"""Seconds between scans of all folders, and the largest share of time for them."""
_PAUSE_SECONDS = 0.005
"""Pause between two portions, so that the screen can draw while a long file is read."""


class Watcher:
    """Calls back from its own thread, with the runs found and with new portions."""

    def __init__(
        self,
        folder: Path,
        on_found: Callable[[LogFolder], None],
        on_portion: Callable[[Portion], None],
        on_problem: Callable[[str], None],
    ) -> None:
        """Scan `folder`, which need not exist yet; nothing is read before `choose`."""
        self._folder = folder
        self._on_found = on_found
        self._on_portion = on_portion
        self._on_problem = on_problem
        self._chosen: frozenset[str] = frozenset()
        self._readers: dict[str, RunReader] = {}
        self._parts = RunParts()
        self._woken = threading.Event()
        self._is_closing = False
        BackgroundThread("reading event files", self._run, on_problem).start()

    def choose(self, names: Collection[str]) -> None:
        """Read these runs from now on; data read before is not read again."""
        self._chosen = frozenset(names)
        self._woken.set()

    def close(self) -> None:
        """End the thread, within a poll's time; does not wait for it."""
        self._is_closing = True
        self._woken.set()

    def _run(self) -> None:
        found: LogFolder | None = None
        look_at = 0.0
        try:
            while not self._is_closing:
                self._woken.clear()
                began = time.monotonic()
                if began >= look_at:
                    before, found = found, look_into(self._folder, self._parts)
                    took = time.monotonic() - began
                    look_at = time.monotonic() + max(_LOOK_SECONDS, took / _LOOK_SHARE)
                    if found != before:
                        self._on_found(found)
                self._woken.wait(_PAUSE_SECONDS if found is not None and self._read(found) else _POLL_SECONDS)
        except EventFileError as error:
            self._on_problem(str(error))

    def _read(self, found: LogFolder) -> bool:
        """Read a portion of each chosen run; return whether there was any."""
        is_more = False
        for run in found.runs:
            if run.name not in self._chosen or self._is_closing:
                continue
            if run.name not in self._readers:
                self._readers[run.name] = RunReader(run)
            reader = self._readers[run.name]
            reader.take_files(run)
            portion = reader.read_next()
            if portion is not None:
                is_more = True
                self._on_portion(portion)
        return is_more
