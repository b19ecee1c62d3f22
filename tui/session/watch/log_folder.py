"""Runs in a log folder: every folder with event files is one, as in TensorBoard, except parts of another run."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curricula.errors import UsageError, suggestion
from tui.session.watch.run_parts import RunParts

_MARK = "tfevents"
"""Part of the name of event files."""
_MOST_FOLDERS = 20_000
"""A link may lead to the whole file system."""
_DIGITS = re.compile(r"(\d+)")
_OF_WORKER = re.compile(r"(?:^|/)worker_logs/[^/]+/rank_\d+(?:/|$)")
"""In the path of a single worker's log of RLinf 0.3.0 (`per_worker_log`); `tensorboard/all` beside has the run."""


@dataclass(frozen=True)
class LoggedFile:
    """An event file; its metrics get `part` appended to their names, unless it is empty.

    `size` is in bytes, `changed` is the time of the last write in seconds since 1970.
    """

    path: Path
    size: int
    changed: float
    part: str = ""


@dataclass(frozen=True)
class LoggedRun:
    """A folder with event files, oldest first; `name` is its path below the log folder.

    `size` is the total in bytes, `changed` the time of the last write in seconds since 1970.
    """

    name: str
    folder: Path
    files: tuple[LoggedFile, ...]
    size: int
    changed: float

    @property
    def is_of_worker(self) -> bool:
        """Whether it has the log of one worker of a run only."""
        return bool(_OF_WORKER.search(self.name))


@dataclass(frozen=True)
class LogFolder:
    """Runs found, newest first, those of single workers last, and unreadable folders, one line each."""

    runs: tuple[LoggedRun, ...] = ()
    problems: tuple[str, ...] = field(default=())


def look_into(folder: Path, parts: RunParts | None = None) -> LogFolder:
    """Find the runs in `folder` and below, through links too; none if it does not exist.

    `parts` remembers from one look to the next which folders belong to a run above them.
    """
    parts = parts or RunParts()
    problems: list[str] = []
    if not folder.exists():
        return LogFolder()
    found: dict[Path, list[LoggedFile]] = {}
    seen: set[tuple[int, int]] = set()

    def report(error: OSError) -> None:
        problems.append(f"can't read {error.filename}: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=report, followlinks=True):
        if len(seen) >= _MOST_FOLDERS:
            problems.append(f"only {_MOST_FOLDERS:,} folders below {folder} were looked into: choose one below")
            break
        try:
            status = Path(place).stat()
        except OSError as error:
            report(error)
            continue
        if (status.st_dev, status.st_ino) in seen:  # a link to a parent folder
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        files = [file for name in names if _MARK in name and (file := _file(place, name)) is not None]
        if not files:
            continue
        path = Path(place)
        above = next((one for one in path.parents if one in found), None)
        part = None if above is None else parts.part_of(path, above, min(files, key=_age).path)
        if above is None or part is None:
            found[path] = files
        else:
            found[above] += [LoggedFile(file.path, file.size, file.changed, part) for file in files]
    runs = [_run(path, files, folder) for path, files in found.items()]
    return LogFolder(tuple(sorted(runs, key=lambda run: (run.is_of_worker, -run.changed, run.name))), tuple(problems))


def named(runs: Sequence[LoggedRun], wanted: Sequence[str]) -> tuple[LoggedRun, ...]:
    """Return the runs with one of the `wanted` names, all if it is empty.

    A run's name, or the last part of it, precedes names that only contain the text.
    """
    chosen: set[str] = set()
    for text in wanted:
        exact = {run.name for run in runs if text in (run.name, run.name.rpartition("/")[2])}
        chosen |= exact or {run.name for run in runs if text in run.name}
    return tuple(run for run in runs if not wanted or run.name in chosen)


def check_log_folder(folder: Path) -> None:
    """Raise `UsageError` unless `folder` is one; the nearest name beside it is suggested."""
    if folder.is_dir():
        return
    if folder.exists():
        raise UsageError(f"expected a folder, got the file {folder}", hint="give its folder")
    try:
        beside = [path.name for path in folder.absolute().parent.iterdir() if path.is_dir()]
    except OSError:
        beside = []
    near = suggestion(folder.name, beside, prefix=str(folder.parent / "x")[:-1] if folder.parent != Path() else "")
    raise UsageError(f"no such folder: {folder}{near}")


def _file(folder: str, name: str) -> LoggedFile | None:
    path = Path(folder, name)
    try:
        status = path.stat()
    except OSError:  # a broken link, or a file just removed
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return LoggedFile(path, status.st_size, status.st_mtime)


def _run(path: Path, files: Sequence[LoggedFile], root: Path) -> LoggedRun:
    name = path.relative_to(root).as_posix() if path != root else path.resolve().name
    in_order = tuple(sorted(files, key=_age))
    return LoggedRun(name, path, in_order, sum(file.size for file in files), max(file.changed for file in files))


def _age(file: LoggedFile) -> tuple[tuple[tuple[int, str], ...], Path]:
    """Return a key that sorts files by age: names have the second, the process and a counter of its writers.

    Numbers are compared as numbers: the tenth writer of a second comes after the second one.
    """
    pieces = _DIGITS.split(file.path.name)
    return tuple((int(piece), "") if place % 2 else (-1, piece) for place, piece in enumerate(pieces)), file.path
