"""Runs in a log folder: every folder with event files is one, as in TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MARK = "tfevents"
"""Part of the name of event files."""


@dataclass(frozen=True)
class LoggedRun:
    """A folder with event files, oldest first; `name` is its path below the log folder.

    `size` is the total in bytes, `changed` the time of the last write in seconds since 1970.
    """

    name: str
    folder: Path
    files: tuple[Path, ...]
    size: int
    changed: float


@dataclass(frozen=True)
class LogFolder:
    """Runs found, newest first, and unreadable folders, one line each."""

    runs: tuple[LoggedRun, ...] = ()
    problems: tuple[str, ...] = field(default=())


def look_into(folder: Path) -> LogFolder:
    """Find the runs in `folder` and below, through links too; none if it does not exist."""
    problems: list[str] = []
    if not folder.exists():
        return LogFolder()
    runs: list[LoggedRun] = []
    seen: set[tuple[int, int]] = set()

    def report(error: OSError) -> None:
        problems.append(f"can't read {error.filename}: {error.strerror}")

    for path, folders, names in os.walk(folder, onerror=report, followlinks=True):
        try:
            status = Path(path).stat()
        except OSError as error:
            report(error)
            continue
        if (status.st_dev, status.st_ino) in seen:  # a link to a parent folder
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        files = [Path(path, name) for name in sorted(names) if _MARK in name]
        if files and (run := _run(Path(path), files, folder)) is not None:
            runs.append(run)
    return LogFolder(tuple(sorted(runs, key=lambda run: (-run.changed, run.name))), tuple(problems))


def named(runs: Sequence[LoggedRun], wanted: Sequence[str]) -> tuple[LoggedRun, ...]:
    """Return the runs whose names contain one of `wanted`; all if it is empty."""
    return tuple(run for run in runs if not wanted or any(text in run.name for text in wanted))


def _run(path: Path, files: Sequence[Path], root: Path) -> LoggedRun | None:
    sizes, changes = [], []
    for file in files:
        try:
            status = file.stat()
        except OSError:  # a broken link, or a file just removed
            continue
        sizes.append(status.st_size)
        changes.append(status.st_mtime)
    if not sizes:
        return None
    name = path.relative_to(root).as_posix() if path != root else path.resolve().name
    return LoggedRun(name, path, tuple(files), sum(sizes), max(changes))
