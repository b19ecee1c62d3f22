"""Deleting a run's folder: what would go with it, why that may not be, and doing it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder, RunFolderError
from tui.session.numbers import amount
from tui.session.runs.run_index import run_folders, summarize

_BLOCK = 512
"""Bytes of a block as `stat` counts them, whatever the file system."""


class DeleteError(UserError):
    """The run stays; the message is one line."""


@dataclass(frozen=True)
class Contents:
    """What goes with a run: bytes that come free on the disk, checkpoints, and runs that began from these."""

    size: int
    checkpoints: int
    offspring: tuple[str, ...]


def contents_of(folder: RunFolder, log_root: Path) -> Contents:
    """Count what a run's folder holds; takes a while for a large one. Raises `OSError`."""
    offspring = [
        other.name for other in run_folders(log_root) if other.path != folder.path and _begins_in(other, folder)
    ]
    return Contents(_size(folder.path), len(folder.checkpoints()), tuple(offspring))


def check_deletable(folder: RunFolder, log_root: Path) -> None:
    """Raise `DeleteError` if the run lives, is worked on or begun from, or isn't a run's own folder in `log_root`."""
    path, root = folder.path, log_root.resolve()
    if path.parent.parent != root:  # a RunFolder's path is resolved: a link out of the log root ends elsewhere
        raise DeleteError(f"{path} is no run's folder in {root}: only those are deleted")
    if not folder.spec_file.is_file():
        raise DeleteError(f"{path} is no run: it has no {RUN_FILE}")
    if read_connection(folder) is not None:
        raise DeleteError(f"{folder.name} is training: stop it first")
    for worked_on in _worked_on():
        if worked_on.path == path:
            raise DeleteError(f"a process works on {folder.name}: wait until it has ended, or stop the run")
        if _begins_in(worked_on, folder) and summarize(worked_on).iteration is None:
            raise DeleteError(f"{worked_on.name} is about to begin from a checkpoint of {folder.name}: wait")


def deletion_question(folder: RunFolder, contents: Contents) -> str:
    """Return what a person is asked before the run goes."""
    lines = []
    if contents.offspring:
        named = ", ".join(contents.offspring[:2]) + (" and others" if len(contents.offspring) > 2 else "")
        lines.append(f"{named} began from its checkpoints and could not be repeated.")
    lines.append(f"Delete {folder.name}, {contents_text(contents)}?")
    return "\n".join(lines)


def contents_text(contents: Contents) -> str:
    """Return the space and the checkpoints in a few words."""
    checkpoints = f"{contents.checkpoints} checkpoint{'' if contents.checkpoints == 1 else 's'}"
    return f"{amount(contents.size)} with {checkpoints}"


def delete_run(folder: RunFolder, log_root: Path) -> None:
    """Delete the run's folder with all in it. Raises `DeleteError` or `OSError`.

    What links point to stays. `run.toml` goes last, so that what an interruption leaves is still a run to be deleted.
    """
    check_deletable(folder, log_root)
    for path in sorted(folder.path.iterdir(), key=lambda path: path.name == RUN_FILE):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.path.rmdir()


def _worked_on() -> Iterator[RunFolder]:
    """Find the runs that processes of the trainer work on: training, beginning to, exporting."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith("trainer_proc") for word in words):
            yield from (RunFolder(Path(word)) for word in words if (Path(word) / RUN_FILE).is_file())


def _begins_in(run: RunFolder, folder: RunFolder) -> bool:
    """Whether the checkpoint that a run began from lies in `folder`."""
    try:
        checkpoint = run.read_spec().checkpoint
    except RunFolderError:
        return False
    return bool(checkpoint) and Path(checkpoint).resolve().is_relative_to(folder.path)


def _size(path: Path) -> int:
    """Return the bytes that come free if all below `path` goes; files that have another name elsewhere stay."""
    size = 0
    for parent, _, files in os.walk(path):
        for name in files:
            status = os.lstat(Path(parent) / name)
            if status.st_nlink == 1 or not stat.S_ISREG(status.st_mode):
                size += status.st_blocks * _BLOCK
    return size
