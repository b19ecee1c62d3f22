"""Threads of the dashboard: one that fails is logged and reported, never silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from trainer_proc.contract.errors import one_line

_logger = logging.getLogger(__name__)


class BackgroundThread(threading.Thread):
    """A daemon thread that runs `target` and calls `on_failure` with one line if `target` raises."""

    def __init__(self, name: str, target: Callable[[], None], on_failure: Callable[[str], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = target
        self._on_failure = on_failure

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:
            _logger.exception("thread %r failed", self.name)
            self._on_failure(f"{self.name} stopped: {one_line(error)}; see humanoid-tui doctor for the log")
