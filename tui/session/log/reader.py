"""Thread that reads a log for a screen."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tui.session.background import BackgroundThread
from tui.session.log.levels import Level
from tui.session.log.pages import ConsoleLog, Direction, LogPage, LogView

_POLL_SECONDS = 0.25
_STEPS_AT_ONCE = 8
"""Indexing steps of a long file between two requests: about 20 ms."""

_Task = Callable[[ConsoleLog], None]


class ConsoleReader:
    """Calls back with pages of a log from its own thread: on request, and when the log grows."""

    def __init__(
        self,
        path: Path,
        on_page: Callable[[LogPage], None],
        on_copy: Callable[[list[str]], None],
        on_problem: Callable[[str], None],
    ) -> None:
        """Start reading; `on_copy` gets the lines that `copy` asks for, `on_problem` one line if reading ends."""
        self._log = ConsoleLog(path)
        self._on_page = on_page
        self._on_copy = on_copy
        self._view = LogView()
        self._wants_nearest = False
        self._next_news = 0.0
        self._has_news = False
        self._tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._closing = threading.Event()
        BackgroundThread("reading the log", self._run, on_problem).start()

    def close(self) -> None:
        """End the thread, within a poll's time; does not wait for it."""
        self._closing.set()
        self._tasks.put(lambda log: None)

    def show(self, view: LogView) -> None:
        """Request the page with these rows."""

        def task(log: ConsoleLog) -> None:
            self._view = view
            if self._tasks.empty():  # else a newer request follows
                self._on_page(log.page(view))

        self._tasks.put(task)

    def change_level(self, view: LogView, level: Level) -> None:
        """Request another level, at the same place."""
        self._tasks.put(lambda log: self._answer(log.change_level(view, level)))

    def search(self, view: LogView, needle: str) -> None:
        """Search `needle` and go to the nearest match above the end of the view."""

        def task(log: ConsoleLog) -> None:
            self._view = view
            log.search(needle)
            self._wants_nearest = bool(needle)
            self._answer(log.page(view))

        self._tasks.put(task)

    def jump(self, view: LogView, direction: Direction) -> None:
        """Go to another match."""
        self._tasks.put(lambda log: self._answer(log.jump(view, direction)))

    def jump_to_traceback(self, view: LogView) -> None:
        """Go to the last traceback, or to the one before the current one."""
        self._tasks.put(lambda log: self._answer(log.jump_to_traceback(view)))

    def copy(self) -> None:
        """Request the text of the current line or traceback."""
        self._tasks.put(lambda log: self._on_copy(log.copy()))

    def _answer(self, page: LogPage) -> None:
        self._view = page.view
        self._on_page(page)

    def _run(self) -> None:
        is_busy = True
        while not self._closing.is_set():
            try:
                self._tasks.get(timeout=0 if is_busy else _POLL_SECONDS)(self._log)
            except queue.Empty:
                is_busy = self._work()
            except OSError:
                is_busy = False  # disk unavailable: try again at the next poll
        self._log.close()

    def _work(self) -> bool:
        """Index more of the file; return whether there may be more."""
        try:
            steps = 0
            while steps < _STEPS_AT_ONCE and self._log.work():
                steps += 1
            self._has_news |= steps > 0
            if self._wants_nearest and not self._log.is_searching:
                self._wants_nearest = False
                self._answer(self._log.jump(self._view, "nearest"))
            elif self._has_news and (steps < _STEPS_AT_ONCE or time.monotonic() >= self._next_news):
                self._next_news = time.monotonic() + _POLL_SECONDS
                self._has_news = False
                self._on_page(self._log.page(self._view))
        except OSError:
            return False
        return steps == _STEPS_AT_ONCE
