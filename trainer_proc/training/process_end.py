"""Ends the trainer's process before Python takes its libraries down, which is of no use to anybody.

With Isaac Lab 3.0 and skrl 2.1 that crashes every other time: the exit code then is -11 instead of the trainer's own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys


class ProcessEnd:
    """Ends the process with `status` after its threads and all exit hooks: trackers upload in theirs.

    Must be made before anything else registers a hook: the first one runs last.
    """

    def __init__(self) -> None:
        self.status = 1
        atexit.register(self._end)

    def _end(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # the disk is full, or somebody has closed it
                stream.flush()
        os._exit(self.status)
