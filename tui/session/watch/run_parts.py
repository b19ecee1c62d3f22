"""Folders below a run that PyTorch's `add_scalars` and `add_hparams` write: parts of it, not runs of their own.

`SummaryWriter.add_scalars("feet", {"left": 1.0})` opens a writer in `feet_left`, which logs the metric `feet` (PyTorch
2.11, `torch/utils/tensorboard/writer.py`); tensorboardX 2.6 opens one in `feet/left`. `add_hparams` opens one in a
folder named after the time, which logs the experiment's description and some metrics.
"""

from __future__ import annotations

import re
from pathlib import Path

from tui.session.watch import EventFileError
from tui.session.watch.record_file import RecordFile

_HEAD_BYTES = 1 << 13
_EXPERIMENT = "_hparams_/experiment"
"""Written into the folder itself by `add_hparams` only; Keras writes it into the folder above its runs."""
_UNCLEAN = re.compile(r"[^-\w.]")  # writers replace these in names of metrics, or not


class RunParts:
    """Knows which folders are parts of a run above them; each is read until that is known."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, Path], str | None] = {}

    def part_of(self, folder: Path, run: Path, file: Path) -> str | None:
        """Return what to append to the names of the folder's metrics in `run`; None for a run of its own.

        `file` is the folder's oldest event file. A folder that has logged nothing yet counts as a part.
        """
        key = (folder, file)
        if key not in self._known:
            tags = _first_tags(file)
            if not tags:
                return ""
            self._known[key] = _part(folder.relative_to(run).as_posix(), tags)
        return self._known[key]


def _part(path: str, tags: set[str]) -> str | None:
    if _EXPERIMENT in tags:
        return ""
    if len(tags) == 1:
        begin = _clean(next(iter(tags))) + "_"
        if _clean(path).startswith(begin) and len(path) > len(begin):
            return path[len(begin) :]
    return None


def _first_tags(file: Path) -> set[str]:
    """Return the names of everything at the beginning of an event file; empty if it cannot be read."""
    from tui.session.watch.scalars import ScalarReader  # imports numpy: too slow for --help

    try:
        return ScalarReader().tags_in(RecordFile(file).read(_HEAD_BYTES))
    except (OSError, EventFileError):
        return set()


def _clean(name: str) -> str:
    return _UNCLEAN.sub("_", name)
