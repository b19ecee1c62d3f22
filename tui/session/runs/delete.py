"""Delete a run's folder: its contents, checks and deletion."""

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.amounts import amount
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder, RunFolderError
from tui.session.runs.run_index import run_folders, summarize

_BLOCK = 512
"""Bytes of a block in `stat`, on every file system."""


class DeleteError(UserError):
    """The run can't be deleted."""


@dataclass(frozen=True)
class Contents:
    """Contents of a run: bytes freed on disk, checkpoints, and runs started from them."""

    size: int
    checkpoints: int
    offspring: tuple[str, ...]


def contents_of(folder: RunFolder, log_root: Path) -> Contents:
    """Return the contents of a run's folder; slow for a large one. Raises `OSError`."""
    offspring = [
        other.name for other in run_folders(log_root) if other.path != folder.path and _begins_in(other, folder)
    ]
    return Contents(_size(folder.path), len(folder.checkpoints()), tuple(offspring))


def check_deletable(folder: RunFolder, log_root: Path) -> None:
    """Raise `DeleteError` for a live run, one in use by a process, or a folder that is no run in `log_root`."""
    path, root = folder.path, log_root.resolve()
    if root not in (path.parent.parent, path.parent, path):  # resolved: a link may lead out of the log root
        raise DeleteError(f"expected a run in {root}, got {path}")
    if not folder.spec_file.is_file():
        raise DeleteError(f"{path} is not a run: it has no {RUN_FILE}")
    if is_live(folder):
        raise DeleteError(f"{folder.name} is training", hint="stop it first")
    for worked_on in runs_in_use():
        if worked_on.path == path:
            raise DeleteError(f"{folder.name} is in use by a process", hint="wait until it has ended, or stop the run")
        if _begins_in(worked_on, folder) and summarize(worked_on).iteration is None:
            raise DeleteError(
                f"{worked_on.name} is starting from a checkpoint of {folder.name}", hint="wait until it trains"
            )


def is_in_use(folder: RunFolder) -> bool:
    """Return whether a trainer process works in this run's folder."""
    return any(worked_on.path == folder.path for worked_on in runs_in_use())


def deletion_question(folder: RunFolder, contents: Contents) -> str:
    """Return the confirmation question."""
    lines = []
    if contents.offspring:
        named = ", ".join(contents.offspring[:2]) + (" and others" if len(contents.offspring) > 2 else "")
        lines.append(f"{named} started from its checkpoints and can not be repeated without it.")
    lines.append(f"Delete {folder.name}, {contents_text(contents)}?")
    return "\n".join(lines)


def contents_text(contents: Contents) -> str:
    """Return size and number of checkpoints."""
    checkpoints = f"{contents.checkpoints} checkpoint{'' if contents.checkpoints == 1 else 's'}"
    return f"{amount(contents.size)} with {checkpoints}"


def delete_run(folder: RunFolder, log_root: Path) -> None:
    """Delete the run's folder with all files. Raises `DeleteError` or `OSError`.

    Targets of links stay. `run.toml` goes last, so that an interrupted deletion can be repeated.
    """
    check_deletable(folder, log_root)
    for path in sorted(folder.path.iterdir(), key=lambda path: path.name == RUN_FILE):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.path.rmdir()


def runs_in_use() -> Iterator[RunFolder]:
    """Yield the runs in use by trainer processes: starting, training or exporting."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith("trainer_proc") for word in words):
            yield from (RunFolder(Path(word)) for word in words if _is_run(word))


def _is_run(word: str) -> bool:
    """Return whether an argument of a process is a run's folder; other arguments may be too long for a path."""
    try:
        return (Path(word) / RUN_FILE).is_file()
    except OSError:
        return False


def _begins_in(run: RunFolder, folder: RunFolder) -> bool:
    """Return whether `run` started from a checkpoint in `folder`."""
    try:
        checkpoint = run.read_spec().checkpoint
    except RunFolderError:
        return False
    return bool(checkpoint) and Path(checkpoint).resolve().is_relative_to(folder.path)


def _size(path: Path) -> int:
    """Return the bytes that deleting `path` frees; files with hard links elsewhere free none."""
    size = 0
    links: Counter[tuple[int, int]] = Counter()
    for parent, _, files in os.walk(path):
        for name in files:
            status = os.lstat(Path(parent) / name)
            links[status.st_dev, status.st_ino] += 1
            if links[status.st_dev, status.st_ino] == status.st_nlink or not stat.S_ISREG(status.st_mode):
                size += status.st_blocks * _BLOCK
    return size
