"""The runs in a folder of logs: every folder in it that has event files is one, as for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MARK = "tfevents"
"""What TensorBoard knows event files by."""


@dataclass(frozen=True)
class LoggedRun:
    """A folder with event files, oldest file first; `name` is its path below the folder that was asked for.

    `size` is all its files' bytes together, `changed` when one of them was last written to, in seconds since 1970.
    """

    name: str
    folder: Path
    files: tuple[Path, ...]
    size: int
    changed: float


@dataclass(frozen=True)
class LogFolder:
    """What was found: the runs, newest first, and what could not be looked into, one line each."""

    runs: tuple[LoggedRun, ...] = ()
    problems: tuple[str, ...] = field(default=())


def look_into(folder: Path) -> LogFolder:
    """Find the runs in `folder` and below it, through links too; a folder that isn't there has none."""
    problems: list[str] = []
    if not folder.exists():
        return LogFolder()
    runs: list[LoggedRun] = []
    seen: set[tuple[int, int]] = set()

    def tell(error: OSError) -> None:
        problems.append(f"can't read {error.filename}: {error.strerror}")

    for path, folders, names in os.walk(folder, onerror=tell, followlinks=True):
        try:
            status = Path(path).stat()
        except OSError as error:
            tell(error)
            continue
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        files = [Path(path, name) for name in sorted(names) if _MARK in name]
        if files and (run := _run(Path(path), files, folder)) is not None:
            runs.append(run)
    return LogFolder(tuple(sorted(runs, key=lambda run: (-run.changed, run.name))), tuple(problems))


def named(runs: Sequence[LoggedRun], wanted: Sequence[str]) -> tuple[LoggedRun, ...]:
    """Return the runs whose names contain one of these texts; all if there is none."""
    return tuple(run for run in runs if not wanted or any(text in run.name for text in wanted))


def _run(path: Path, files: Sequence[Path], root: Path) -> LoggedRun | None:
    sizes, changes = [], []
    for file in files:
        try:
            status = file.stat()
        except OSError:  # a link that leads nowhere, or a file that was just removed
            continue
        sizes.append(status.st_size)
        changes.append(status.st_mtime)
    if not sizes:
        return None
    name = path.relative_to(root).as_posix() if path != root else path.resolve().name
    return LoggedRun(name, path, tuple(files), sum(sizes), max(changes))
