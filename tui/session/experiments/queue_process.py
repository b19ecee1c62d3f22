"""`python -m tui.session.experiments.queue_process FOLDER`: start the trainings of a queue, until none is left.

It may die at any moment: its trainings continue, and the next queue process finds them by their folders.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from curricula.errors import UserError
from trainer_proc.contract.errors import one_line
from tui.session.experiments.experiment_lock import ExperimentLocks
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.experiments.queue_folder import QueueFolder, QueueLock
from tui.session.experiments.queue_runner import QueueRunner
from tui.session.program_log import start_logging

_POLL_SECONDS = 1.0
_LOCK_SECONDS = 5.0
"""Time for which a command that only looks may hold the lock."""


def main() -> int:
    """Return the exit code."""
    start_logging()
    folder = QueueFolder(Path(sys.argv[1]))
    lock = _take(folder)
    if lock is None:
        return 0
    runner, problem = QueueRunner(folder, EveryLauncher(), ExperimentLocks(folder.path)), ""
    while True:
        try:
            for _ in runner.look():  # reads ended runs before the lock is held
                pass
            with folder.editing():
                if not runner.step():
                    lock.release()  # who adds an experiment from now on starts another process
                    return 0
            problem = ""
        except (UserError, OSError) as error:  # of a full disk, or of files that can't be read now
            if one_line(error) != problem:
                problem = one_line(error)
                logging.getLogger(__name__).warning("the queue waits: %s", problem)
        time.sleep(_POLL_SECONDS)


def _take(folder: QueueFolder) -> QueueLock | None:
    """Return the lock; None if another queue process holds it."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while (lock := folder.take()) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return lock


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (UserError, OSError) as error:
        logging.getLogger(__name__).exception("the queue ends")
        sys.exit(str(error))
