"""What every child Python of this program is started with, and how one answers on its standard output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import IO


def child_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with `variables`, for a child Python that ignores the working folder.

    `python -m` puts the working folder first on `sys.path`: a user's `presets.py` or `utils.py` there would hide the
    packages of this program and of its libraries. `PYTHONSAFEPATH` (Python 3.11) keeps it off.
    """
    return {**os.environ, "PYTHONSAFEPATH": "1", **(variables or {})}


def interrupt_on_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise `KeyboardInterrupt`, which unwinds and removes what is unfinished."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def standard_output_for_answers() -> Iterator[IO[str]]:
    """Yield standard output for answers; everything else that is printed, by C++ too, goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers, contextlib.redirect_stdout(sys.stderr):
        os.dup2(2, 1)
        try:
            yield answers
        finally:
            os.dup2(answers.fileno(), 1)
