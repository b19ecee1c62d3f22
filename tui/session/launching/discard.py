"""Remove the folder of a run that no trainer works in."""

from __future__ import annotations

import shutil
from contextlib import suppress

from trainer_proc.contract.run_folder import RunFolder


def discard_run(folder: RunFolder) -> None:
    """Remove a run's folder, and its experiment's unless something else is in it.

    What can't be removed stays as a failed run.
    """
    with suppress(OSError):
        shutil.rmtree(folder.path)
        folder.path.parent.rmdir()
