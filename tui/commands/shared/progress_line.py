"""The progress of a worker in one line of standard error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trainer_proc.contract.worker import Progress
from tui.commands.shared.output import say
from tui.session.text import plain


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
