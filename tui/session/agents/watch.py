"""Thread that watches for requests of agents about a run, for a screen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trainer_proc.contract.run_folder import RunFolder
from tui.session.agents.questions import Question, open_questions
from tui.session.background import BackgroundThread

_POLL_SECONDS = 0.5


class QuestionWatch:
    """Calls back from its own thread with all open requests, oldest first, whenever they have changed."""

    def __init__(
        self, folder: RunFolder, on_questions: Callable[[list[Question]], None], on_problem: Callable[[str], None]
    ) -> None:
        """Begin to watch; `on_problem` gets one line if that ends."""
        self._folder = folder
        self._on_questions = on_questions
        self._closing = threading.Event()
        BackgroundThread("watching for requests of agents", self._run, on_problem).start()

    def close(self) -> None:
        """End the thread; does not wait for it."""
        self._closing.set()

    def _run(self) -> None:
        known: list[Question] = []
        while not self._closing.is_set():
            if (found := open_questions(self._folder)) != known:
                known = found
                self._on_questions(found)
            self._closing.wait(_POLL_SECONDS)
