"""The progress of a worker in one line of standard error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from trainer_proc.contract.worker import Progress
from tui.session.text import plain

_ERASE_LINE = "\r\x1b[K"


@contextmanager
def progress_line(title: str, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows the progress of `title`; nothing is shown where standard error is no terminal."""
    is_shown = not quiet and sys.stderr.isatty()

    def show(progress: Progress) -> None:
        share = f" {progress.done / progress.total:.0%}" if progress.total else ""
        if is_shown:
            line = plain(f"{title}:{share} {progress.text}")[: shutil.get_terminal_size().columns - 1]
            click.echo(f"{_ERASE_LINE}{line}", nl=False, err=True)

    try:
        yield show
    finally:
        if is_shown:
            click.echo(_ERASE_LINE, nl=False, err=True)
