"""The list of runs: refreshed, sorted and filtered."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from trainer_proc.contract.run_folder import RunFolder
from tui.session.fuzzy import best_first
from tui.session.runs.names import own_name
from tui.session.runs.run_index import RunSnapshot, RunSummary, read_run, run_folders
from tui.session.state import RunStatus

RunOrder: TypeAlias = Literal["newest", "name", "status", "iteration", "reward", "success", "duration", "preset"]
RUN_ORDERS: tuple[RunOrder, ...] = get_args(RunOrder)
ENDED: tuple[RunStatus, ...] = ("finished", "stopped", "failed", "killed")
_BY_STATUS: tuple[RunStatus, ...] = ("training", "paused", "compiling", "building", "starting", "stopping", *ENDED)
_BATCH_SECONDS = 0.05
"""Time to the first rows; doubles for each next batch."""
_Stamp: TypeAlias = tuple[int, int, int] | None


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


def matching(summaries: Iterable[RunSummary], pattern: str) -> list[RunSummary]:
    """Return the rows that match each word of `pattern` in name, preset, task or status."""
    words = pattern.split()
    return [row for row in summaries if all(best_first(word, _texts(row)) for word in words)]


def with_status(summaries: Iterable[RunSummary], statuses: Sequence[str]) -> list[RunSummary]:
    """Return the rows with one of these statuses; `live` and `ended` are groups. Empty: all rows."""
    return [
        summary
        for summary in summaries
        if not statuses or summary.status in statuses or ("live" if is_live(summary) else "ended") in statuses
    ]


class RunList:
    """The runs under a folder. Unchanged files are read once; used by one thread at a time."""

    def __init__(self, log_root: Path) -> None:
        self._log_root = log_root
        self._seen: dict[Path, tuple[tuple[_Stamp, _Stamp], RunSnapshot]] = {}

    def look(self) -> Iterator[list[RunSummary]]:
        """Yield all rows, newest first, in batches as they are read. Raises `OSError`."""
        folders = run_folders(self._log_root)
        batch: list[RunSummary] = []
        began, patience = time.monotonic(), _BATCH_SECONDS
        for folder in folders:
            batch.append(self._summary(folder))
            if time.monotonic() - began > patience:
                yield batch
                batch, began, patience = [], time.monotonic(), 2 * patience
        yield batch
        self._seen = {folder.path: self._seen[folder.path] for folder in folders}

    def _summary(self, folder: RunFolder) -> RunSummary:
        stamps = (_stamp(folder.spec_file), _stamp(folder.journal))
        known = self._seen.get(folder.path)
        if known is None or known[0] != stamps:
            known = self._seen[folder.path] = (stamps, read_run(folder))
        return known[1].summary()


def _stamp(path: Path) -> _Stamp:
    """Return a value that changes with the file; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _texts(summary: RunSummary) -> list[str]:
    if summary.spec is None:
        return [summary.folder.name, "unreadable"]
    spec = summary.spec
    return [summary.folder.name, spec.preset, spec.task, spec.experiment, summary.status]


def _key(summary: RunSummary, by: RunOrder) -> tuple[float, str] | None:
    """Return the sort key of a row; None if unknown."""
    spec = summary.spec
    match by:
        case "newest":
            return 0.0, summary.folder.name
        case "name":
            return 0.0, own_name(summary.folder.name).lower()
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
