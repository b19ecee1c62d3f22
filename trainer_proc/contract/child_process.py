"""Starts every child Python of this program; how one answers on its standard output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any


def child_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with `variables`, for a child Python that ignores the working folder.

    `python -m` puts the working folder first on `sys.path`: a user's `presets.py` or `utils.py` there would hide the
    packages of this program and of its libraries. `PYTHONSAFEPATH` (Python 3.11) keeps it off. An empty entry of
    `PYTHONPATH` means that folder too, and is left out: a shell's `$PYTHONPATH:/my/modules` often begins with one.
    """
    environment = {**os.environ, "PYTHONSAFEPATH": "1", **(variables or {})}
    if "PYTHONPATH" in environment:
        entries = environment["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(entry for entry in entries if entry)
    return environment


def start_python(
    *arguments: str, python: Sequence[str] = (), environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a Python with `arguments` and return its process; nothing of the working folder replaces a module.

    `python` is the command of its interpreter, by default this one; `environment` defaults to `child_environment`.
    `options` are those of `subprocess.Popen`. Raises `OSError`.
    """
    child = child_environment() if environment is None else environment
    return subprocess.Popen([*(python or [sys.executable]), *arguments], env=child, **options)


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
