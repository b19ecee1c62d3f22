"""Thread that reads the machine while its panel is visible."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trainer_proc.contract.run_folder import RunFolder
from tui.session.background import BackgroundThread
from tui.session.machine.machine import MachineReader, MachineReading

_SECONDS = 1.0


class MachineFollower:
    """Calls back with one reading a second, from its own thread; none while the panel is hidden."""

    def __init__(
        self, folder: RunFolder, on_reading: Callable[[MachineReading], None], on_problem: Callable[[str], None]
    ) -> None:
        """Be ready; nothing is read, and no thread is there, before `look`. `on_problem` gets one line if that ends."""
        self._folder = folder
        self._on_reading = on_reading
        self._on_problem = on_problem
        self._is_seen = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_training = False
        """Whether the run has finished an iteration, and so has allocated all of its memory."""

    def look(self, is_seen: bool) -> None:
        """Start or stop reading."""
        if not is_seen:
            self._is_seen.clear()
            return
        self._is_seen.set()
        if self._thread is None:
            self._thread = BackgroundThread("reading the machine", self._run, self._on_problem)
            self._thread.start()

    def close(self) -> None:
        """End the thread, within a second; does not wait for it."""
        self._closing.set()
        self._is_seen.set()

    def _run(self) -> None:
        reader = MachineReader(self._folder)
        while True:
            self._is_seen.wait()
            if self._closing.is_set():
                break
            self._on_reading(reader.read(self.is_training))
            self._closing.wait(_SECONDS)
        reader.close()
