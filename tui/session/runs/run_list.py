"""The list of runs: refreshed and sorted."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from trainer_proc.contract.run_folder import RunFolder
from tui.session.engines.job import EngineError
from tui.session.engines.jobs import JOBS
from tui.session.runs.labels import Labels, labels_or_problem
from tui.session.runs.names import own_name
from tui.session.runs.run_index import RunSnapshot, RunSummary, read_run, run_folders
from tui.session.state import RunStatus

RunOrder: TypeAlias = Literal["newest", "name", "status", "iteration", "reward", "success", "duration", "preset"]
RUN_ORDERS: tuple[RunOrder, ...] = get_args(RunOrder)
ENDED: tuple[RunStatus, ...] = ("finished", "stopped", "failed", "killed", "lost")
_BY_STATUS: tuple[RunStatus, ...] = (
    "training",
    "running",
    "stalled",
    "paused",
    "compiling",
    "building",
    "starting",
    "waiting",
    "stopping",
    *ENDED,
)
_BATCH_SECONDS = 0.05
"""Time to the first rows; doubles for each next batch."""
_SOON_SECONDS, _LATE_SECONDS = 0.5, 10.0
"""A look waits for a slow run before it reads the others, and for all slow ones together behind them."""
_SLOW = "still being read; its files are large or slow"
_Stamp: TypeAlias = tuple[int, int, int] | None
_Stamps: TypeAlias = tuple[_Stamp, _Stamp]


def is_live(summary: RunSummary) -> bool:
    """Whether the run has not ended."""
    return summary.status not in ENDED


def ordered(summaries: Iterable[RunSummary], by: RunOrder, reverse: bool = False) -> list[RunSummary]:
    """Sort the rows; equal ones newest first, unknown values last, also if reversed.

    Numbers start with the highest, names with A, status with training runs, unless `reverse`.
    """
    newest_first = sorted(summaries, key=lambda summary: summary.folder.name, reverse=True)
    keyed = [(key, summary) for summary in newest_first if (key := _key(summary, by)) is not None]
    unknown = [summary for summary in newest_first if _key(summary, by) is None]
    falls = by not in ("name", "status", "preset")
    keyed.sort(key=lambda pair: pair[0], reverse=falls != reverse)
    return [summary for _, summary in keyed] + unknown


class _Reading:
    """A run that a thread reads."""

    def __init__(self, folder: RunFolder, stamps: _Stamps) -> None:
        self.stamps = stamps
        self.is_late = False
        """Whether a look has gone without it."""
        self._folder = folder
        self._snapshot: RunSnapshot | None = None
        self._is_done = threading.Event()
        threading.Thread(target=self._read, name=f"reading {folder.name}", daemon=True).start()

    def result(self, seconds: float) -> RunSnapshot | None:
        """Return what was read; None if it takes longer than `seconds`."""
        self._is_done.wait(seconds)
        return self._snapshot

    def _read(self) -> None:
        self._snapshot = read_run(self._folder)
        self._is_done.set()


class RunList:
    """The runs under a folder. Unchanged files are read once; used by one thread at a time.

    A run that takes long to read comes last, or is a row that says so until a later look.
    """

    def __init__(self, log_root: Path) -> None:
        self._log_root = log_root
        self._seen: dict[Path, tuple[_Stamps, RunSnapshot]] = {}
        self._reading: dict[Path, _Reading] = {}
        self._labels: dict[Path, tuple[_Stamp, Labels, str]] = {}

    def look(self) -> Iterator[list[RunSummary]]:
        """Yield all rows, newest first but for slow ones, in batches as they are read. Raises `OSError`."""
        folders = run_folders(self._log_root)
        with suppress(EngineError):  # each run reports it
            JOBS.of(folders)  # one question for all of them
        batch: list[RunSummary] = []
        slow: list[RunFolder] = []
        began, patience = time.monotonic(), _BATCH_SECONDS
        for folder in folders:
            if (summary := self._summary(folder, _SOON_SECONDS / (1 + len(slow)))) is None:
                slow.append(folder)
            else:
                batch.append(summary)
            if time.monotonic() - began > patience:
                yield batch
                batch, began, patience = [], time.monotonic(), 2 * patience
        yield batch
        if slow:
            yield self._of_slow(slow)
        paths = {folder.path for folder in folders}
        self._seen = {path: seen for path, seen in self._seen.items() if path in paths}
        self._reading = {path: reading for path, reading in self._reading.items() if path in paths}
        self._labels = {path: known for path, known in self._labels.items() if path in paths}

    def _of_slow(self, folders: Iterable[RunFolder]) -> list[RunSummary]:
        """Return the rows of runs that are slow to read; those that are not ready in time say so."""
        end = time.monotonic() + _LATE_SECONDS
        rows: list[RunSummary] = []
        for folder in folders:
            summary = self._summary(folder, max(end - time.monotonic(), 0.0))
            if summary is None:
                self._reading[folder.path].is_late = True
                summary = RunSummary(folder, None, "failed", problem=_SLOW)
            rows.append(summary)
        return rows

    def _summary(self, folder: RunFolder, seconds: float) -> RunSummary | None:
        """Return the row of a run, as it was before if reading it again is slow; None if it isn't read in time."""
        stamps = (_stamp(folder.spec_file), _stamp(folder.journal))
        known = self._seen.get(folder.path)
        if known is None or known[0] != stamps:
            known = self._read(folder, stamps, seconds) or known
        return None if known is None else self._labelled(known[1].summary())

    def _labelled(self, summary: RunSummary) -> RunSummary:
        """Return the row with its labels, which are read again when they have changed."""
        path, stamp = summary.folder.path, _stamp(summary.folder.labels)
        known = self._labels.get(path)
        if known is None or known[0] != stamp:
            known = self._labels[path] = (stamp, *labels_or_problem(summary.folder))
        _, labels, problem = known
        return replace(summary, labels=labels, labels_problem=problem)

    def _read(self, folder: RunFolder, stamps: _Stamps, seconds: float) -> tuple[_Stamps, RunSnapshot] | None:
        """Return what a thread has read of the run; None if that takes longer."""
        reading = self._reading.get(folder.path)
        if reading is None:
            reading = self._reading[folder.path] = _Reading(folder, stamps)
        snapshot = reading.result(0.0 if reading.is_late else seconds)
        if snapshot is None:
            return None
        del self._reading[folder.path]
        self._seen[folder.path] = reading.stamps, snapshot
        return self._seen[folder.path]


def _stamp(path: Path) -> _Stamp:
    """Return a value that changes with the file; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _key(summary: RunSummary, by: RunOrder) -> tuple[float, str] | None:
    """Return the sort key of a row; None if unknown."""
    spec = summary.spec
    match by:
        case "newest":
            return 0.0, summary.folder.name
        case "name":
            return 0.0, (summary.labels.title or own_name(summary.folder.name)).lower()
        case "preset":
            return None if spec is None else (0.0, spec.preset)
        case "status":
            return None if spec is None else (_BY_STATUS.index(summary.status), "")
        case "iteration":
            return _number(summary.iteration)
        case "reward":
            return _number(summary.reward)
        case "success":
            return _number(summary.success)
        case "duration":
            return _number(summary.seconds or None)


def _number(value: float | None) -> tuple[float, str] | None:
    return None if value is None or math.isnan(value) else (value, "")
