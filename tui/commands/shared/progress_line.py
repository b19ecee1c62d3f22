"""The progress of a worker in one line of standard error."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from trainer_proc.contract.worker import Progress
from tui.commands.shared.output import say
from tui.session.text import plain

_TICK_SECONDS = 1.0


@contextmanager
def progress_line(title: str, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows the progress of `title`; nothing is shown where standard error is no terminal."""
    is_shown = not quiet and sys.stderr.isatty()

    def show(progress: Progress) -> None:
        share = f" {progress.done / progress.total:.0%}" if progress.total else ""
        if is_shown:
            line = plain(f"{title}:{share} {progress.text}")[: shutil.get_terminal_size().columns - 1]
            say(line, err=True, end="", replaces_line=True)

    try:
        yield show
    finally:
        if is_shown:
            say("", err=True, end="", replaces_line=True)


@contextmanager
def elapsed_line(title: str, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show `title` with the elapsed time, as `progress_line` does, until the end or until what is yielded is called."""
    began, ended = time.monotonic(), Event()

    def tick() -> None:
        with progress_line(title, quiet) as show:
            while not ended.wait(_TICK_SECONDS):
                show(Progress(0, 0, f"{time.monotonic() - began:.0f} s"))

    thread = Thread(target=tick, name=title, daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    try:
        yield end
    finally:
        end()
