"""Finding checkpoints: those of a run, and the one that a launch names."""

from __future__ import annotations

import re
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.runs.run_index import RunNotFound, find_run


class CheckpointNotFound(UserError):
    """There is no such checkpoint; the message is one line."""


def find_checkpoint(folder: RunFolder, text: str | None) -> Path:
    """Return the checkpoint that `text` names, an iteration or a path; None is the newest.

    Raises `CheckpointNotFound`.
    """
    checkpoints = folder.checkpoints()
    if text is None:
        if not checkpoints:
            raise CheckpointNotFound(f"{folder.name} has no checkpoint yet")
        return checkpoints[-1]
    path = folder.checkpoint(int(text)) if re.fullmatch(r"\d+", text) else Path(text)
    if path.is_file():
        return path
    raise CheckpointNotFound(f"there is no checkpoint {text}; {_others(folder.name, checkpoints, path)}")


def checkpoint_to_start_from(text: str, log_root: Path) -> Path:
    """Return the absolute path of the file that `text` names, or of the newest checkpoint of the run that it names.

    Raises `CheckpointNotFound` or `RunFolderError`.
    """
    if Path(text).is_file():
        return Path(text).resolve()
    try:
        folder = find_run(text, log_root)
    except RunNotFound as error:
        raise CheckpointNotFound(f"there is no file {text} to start from, and as a run: {error}") from error
    return find_checkpoint(folder, None)


def iteration_of(checkpoint: Path) -> int | None:
    """Return the iteration after which a checkpoint was saved, None if its name doesn't tell."""
    match = re.fullmatch(r"model_(\d+)\.pt", checkpoint.name)
    return int(match.group(1)) if match else None


def run_of(checkpoint: Path) -> str:
    """Return the path of the run whose folder a checkpoint lies in, empty if that is none."""
    folder = RunFolder(checkpoint.parent)
    return str(folder.path) if folder.spec_file.is_file() else ""


def origin_of(spec: RunSpec) -> str:
    """Return which run `spec` goes on from, and from which iteration, in a few words; empty if from none."""
    if not spec.parent:
        return ""
    iteration = iteration_of(Path(spec.checkpoint))
    return f"from {Path(spec.parent).name}" + (f" at {iteration}" if iteration is not None else "")


def _others(run: str, checkpoints: list[Path], wanted: Path) -> str:
    """Return the checkpoints nearest to the one that is `wanted` and isn't there; the newest if it has no number."""
    iteration = iteration_of(wanted)
    if iteration is None:
        chosen, which = checkpoints[-3:], "newest"
    else:
        nearest = sorted(checkpoints, key=lambda path: abs((iteration_of(path) or 0) - iteration))[:3]
        chosen, which = [path for path in checkpoints if path in nearest], "nearest"
    return f"the {which} of {run}: {', '.join(path.name for path in chosen) or 'none'}"
