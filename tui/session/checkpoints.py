"""Finding checkpoints: those of a run, and the one that a launch names."""

from __future__ import annotations

import re
from pathlib import Path

from trainer_proc.wire.run_folder import RunFolder
from tui.session.runs import RunNotFound, find_run


class NoCheckpoint(Exception):
    """There is no such checkpoint; the message is one line."""


def find_checkpoint(folder: RunFolder, text: str | None) -> Path:
    """Return the checkpoint that `text` names, an iteration or a path; None is the newest. Raises `NoCheckpoint`."""
    checkpoints = folder.checkpoints()
    if text is None:
        if not checkpoints:
            raise NoCheckpoint(f"{folder.name} has no checkpoint yet")
        return checkpoints[-1]
    path = folder.checkpoint(int(text)) if re.fullmatch(r"\d+", text) else Path(text)
    if path.is_file():
        return path
    names = ", ".join(checkpoint.name for checkpoint in checkpoints[-3:]) or "none"
    raise NoCheckpoint(f"there is no checkpoint {text}; the newest of {folder.name}: {names}")


def checkpoint_to_start_from(text: str, log_root: Path) -> Path:
    """Return the absolute path of the file that `text` names, or of the newest checkpoint of the run that it names.

    Raises `NoCheckpoint` or `RunFolderError`.
    """
    if Path(text).is_file():
        return Path(text).resolve()
    try:
        folder = find_run(text, log_root)
    except RunNotFound as error:
        raise NoCheckpoint(f"there is no file {text} to start from, and as a run: {error}") from error
    return find_checkpoint(folder, None)


def iteration_of(checkpoint: Path) -> int | None:
    """Return the iteration after which a checkpoint was saved, None if its name doesn't tell."""
    match = re.fullmatch(r"model_(\d+)\.pt", checkpoint.name)
    return int(match.group(1)) if match else None
