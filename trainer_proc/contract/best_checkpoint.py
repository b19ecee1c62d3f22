"""The best checkpoint of a run by its evaluations: `model_best.pt`, and `model_best.json`, which says what it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import RunFolder, checkpoint_name, write_atomically

BEST_NAME = "model_best.pt"
_LARGEST = 64 * 1024
"""Bytes of `model_best.json`."""


class BestCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `model_best.json`."""

    iteration: int
    """Iteration of the checkpoint."""
    suite: str
    """Suite that judged it."""
    measure: str
    """Measure by which it is the best: `score`, or `success` of a suite without a score."""
    value: float
    """Mean of that measure, 0 to 1."""
    conditions: str = ""
    """Identifies the levels and ranges under which it was evaluated; values under others don't compare."""


def best_file(folder: RunFolder) -> Path:
    """Return the path of `model_best.pt`."""
    return folder.path / BEST_NAME


def read_best(folder: RunFolder) -> BestCheckpoint | None:
    """Return what `model_best.pt` is; None if there is none."""
    try:
        data = read_file(_description(folder), _LARGEST)
        return decode_json(data, BestCheckpoint) if best_file(folder).is_file() else None
    except (OSError, msgspec.DecodeError):
        return None


def best_checkpoint(folder: RunFolder) -> Path | None:
    """Return the file of the best checkpoint, under its number if it is still there; None if there is none.

    `model_best.pt` is replaced when a better one comes, so a run that starts from it names the numbered file.
    """
    if (best := read_best(folder)) is None:
        return best_file(folder) if best_file(folder).is_file() else None
    numbered = folder.checkpoint(best.iteration)
    return numbered if numbered.is_file() else best_file(folder)


def keep_best(folder: RunFolder, best: BestCheckpoint) -> None:
    """Make `model_<iteration>.pt` the best checkpoint by a hard link, or a copy without links. Raises `OSError`."""
    source, target = folder.path / checkpoint_name(best.iteration), best_file(folder)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        try:
            os.link(source, temporary)
        except OSError:  # a file system without hard links
            shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    write_atomically(_description(folder), msgspec.json.encode(best))


def _description(folder: RunFolder) -> Path:
    return folder.path / "model_best.json"
