"""The rollouts of a run by the iteration of their checkpoint: a flip-book of learning."""

from __future__ import annotations

import re
from pathlib import Path

from trainer_proc.contract.rollout import SUFFIX
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs import checkpoints

_NAMED = re.compile(rf"model_(\d+)(_.*)?{re.escape(SUFFIX)}")


def rollouts_of(folder: RunFolder) -> list[tuple[int, Path]]:
    """Return iteration and file of each checkpoint's plainest rollout, ascending; by names, so that it is fast."""
    found: dict[int, Path] = {}
    try:
        paths = sorted(folder.rollouts.iterdir(), key=lambda path: (len(path.name), path.name))
    except OSError:  # none was recorded
        return []
    for path in paths:
        if named := _NAMED.fullmatch(path.name):
            found.setdefault(int(named[1]), path)
    return sorted(found.items())


def run_of(rollout: Path) -> str:
    """Return the absolute path of the run in whose folder a rollout lies; empty for another place."""
    return checkpoints.run_of(rollout.resolve().parent)


def nearest_rollout(folder: RunFolder, iteration: float | None) -> Path | None:
    """Return the rollout nearest to an iteration, the newest for None; None if the run has none."""
    found = rollouts_of(folder)
    if not found:
        return None
    if iteration is None:
        return found[-1][1]
    return min(found, key=lambda one: abs(one[0] - iteration))[1]


def next_rollout(folder: RunFolder, path: Path, direction: int) -> Path | None:
    """Return the rollout of the next checkpoint (1) or the one before (-1); None beyond the last."""
    named = _NAMED.fullmatch(path.name)
    here = int(named[1]) if named else -1
    beyond = [other for at, other in rollouts_of(folder) if (at - here) * direction > 0]
    return None if not beyond else beyond[0 if direction > 0 else -1]
