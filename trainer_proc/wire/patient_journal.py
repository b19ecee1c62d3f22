"""A journal that keeps the frames that a full disk refuses, and writes them later."""

from __future__ import annotations

import time
from collections import deque

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.run_folder import RunFolder

_LAST_TRIES_SECONDS = 60.0
"""Time for which the end of a run waits for room for its last frames."""


class PatientJournal:
    """Writes encoded frames in order. The constructor raises `OSError` or `JournalUnreadable`."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._journal = JournalWriter(folder.journal)
        self.next_number = self._journal.next_number
        """Number of the first frame that the file lacked when it was opened."""
        self.unwritten: deque[bytes] = deque()

    def append(self, data: bytes) -> str:
        """Write a frame after those that are left; return why frames are still left, empty if none is."""
        self.unwritten.append(data)
        return self.write()

    def write(self) -> str:
        """Write the frames that are left; return why it can't, empty if it can."""
        try:
            while self.unwritten:
                self._journal.append(self.unwritten[0])
                self.unwritten.popleft()
        except OSError as error:
            return one_line(error)
        return "" if self._folder.path.is_dir() else "the run's folder was moved or removed"

    def try_to_the_end(self) -> None:
        """Write the frames that are left as soon as there is room; give up after a minute."""
        deadline = time.monotonic() + _LAST_TRIES_SECONDS
        while self.write() and self.unwritten and time.monotonic() < deadline:
            time.sleep(1.0)

    def close(self) -> None:
        self._journal.close()
