"""Which trainings continue a run at this moment: a second one is seldom wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.session.runs.run_index import run_folders


def continued_text(folder: RunFolder) -> str:
    """Return one line about the live trainings that began with a checkpoint of the run; empty without any.

    Raises `OSError`.
    """
    names = list(_live_continuations(folder))
    if not names:
        return ""
    return f"{folder.name} is continued already by {', '.join(names)}"


def _live_continuations(folder: RunFolder) -> Iterator[str]:
    for other in run_folders(folder.path.parents[1]):
        with suppress(RunFolderError):  # one that can't be read is shown by the list
            if is_live(other) and other.read_spec().parent == str(folder.path):
                yield other.name
