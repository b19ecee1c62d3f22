"""Find checkpoints: those of a run, and the one of a launch."""

from __future__ import annotations

import re
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.best_checkpoint import best_checkpoint, best_file, read_best
from trainer_proc.contract.checkpoint_damage import damage_of
from trainer_proc.contract.run_folder import RunFolder, RunSpec, iteration_of
from tui.session.runs.run_index import RunNotFound, find_run


class CheckpointNotFound(UserError):
    """There is no such checkpoint."""


LATEST, BEST = "latest", "best"
"""Names of a run's newest checkpoint, and of its best by evaluation."""


def find_checkpoint(folder: RunFolder, text: str | None) -> Path:
    """Return the checkpoint that `text` names: `latest` (as None), `best`, an iteration or a path.

    The latest is the newest that is whole. Raises `CheckpointNotFound`, also for a file that is damaged.
    """
    checkpoints = folder.checkpoints()
    if text in (None, LATEST):
        return _newest_whole(folder.name, checkpoints)
    checkpoint = _named(folder, text, checkpoints)
    _check_whole(checkpoint)
    return checkpoint


def _check_whole(checkpoint: Path) -> None:
    if damage := damage_of(checkpoint):
        raise CheckpointNotFound(f"{checkpoint} is {damage}: choose another checkpoint")


def _newest_whole(run: str, checkpoints: list[Path]) -> Path:
    damages = []
    for checkpoint in reversed(checkpoints):
        damage = damage_of(checkpoint)
        if not damage:
            return checkpoint
        damages.append(f"{checkpoint.name} is {damage}")
    raise CheckpointNotFound(f"{run} has no {f'whole checkpoint: {damages[0]}' if damages else 'checkpoint yet'}")


def _named(folder: RunFolder, text: str, checkpoints: list[Path]) -> Path:
    if text == BEST:
        if (best := best_checkpoint(folder)) is None:
            raise CheckpointNotFound(f"{folder.name} has no best checkpoint: train with --evaluate-every N")
        return best
    path = folder.checkpoint(int(text)) if re.fullmatch(r"\d{1,18}", text) else Path(text)
    if path.is_file():
        return path
    raise CheckpointNotFound(f"no such checkpoint: {text}; {_nearest_text(folder.name, checkpoints, path)}")


def iteration_in(checkpoint: Path) -> int | None:
    """Return the iteration of a checkpoint, by its name or, of `model_best.pt`, its description; None if unknown."""
    folder = RunFolder(checkpoint.parent)
    best = read_best(folder) if checkpoint.name == best_file(folder).name else None
    return iteration_of(checkpoint) if best is None else best.iteration


def first_iteration(spec: RunSpec) -> int:
    """Return the number of a run's first iteration: that after its checkpoint; 0 if that has no number."""
    began_with = iteration_in(Path(spec.checkpoint)) if spec.checkpoint else None
    return 0 if began_with is None else began_with + 1


def checkpoint_to_start_from(text: str, log_root: Path) -> Path:
    """Return the absolute path of the checkpoint file `text`, or of the newest checkpoint of the run `text`.

    Raises `CheckpointNotFound`, also for a file that is damaged, or `RunFolderError`.
    """
    if Path(text).is_file():
        _check_whole(Path(text))
        return Path(text).resolve()
    try:
        folder = find_run(text, log_root)
    except RunNotFound as error:
        raise CheckpointNotFound(f"expected a checkpoint file or a run, got {text}: {error}") from error
    return find_checkpoint(folder, None)


def nearest_checkpoint(folder: RunFolder, iteration: float) -> int | None:
    """Return the newest checkpoint of an iteration up to `iteration`, else the oldest; None without checkpoints."""
    numbers = [number for path in folder.checkpoints() if (number := iteration_of(path)) is not None]
    before = [number for number in numbers if number <= iteration]
    return before[-1] if before else numbers[0] if numbers else None


def run_of(path: Path) -> str:
    """Return the absolute path of the run that a file or folder, such as a checkpoint, lies in; empty for no run's."""
    folder = RunFolder(path.parent)
    return str(folder.path) if folder.spec_file.is_file() else ""


def origin_of(spec: RunSpec) -> str:
    """Return `from RUN at ITERATION` for a continued run; empty otherwise."""
    if not spec.parent:
        return ""
    iteration = iteration_in(Path(spec.checkpoint))
    return f"from {Path(spec.parent).name}" + (f" at {iteration}" if iteration is not None else "")


def _nearest_text(run: str, checkpoints: list[Path], wanted: Path) -> str:
    """Return the checkpoints nearest to `wanted`, or the newest if it has no number, as text."""
    iteration = iteration_of(wanted)
    if iteration is None:
        chosen, which = checkpoints[-3:], "newest"
    else:
        nearest = sorted(checkpoints, key=lambda path: abs((iteration_of(path) or 0) - iteration))[:3]
        chosen, which = [path for path in checkpoints if path in nearest], "nearest"
    return f"the {which} of {run}: {', '.join(path.name for path in chosen) or 'none'}"
