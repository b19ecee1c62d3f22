"""Runs the app in a terminal, and ends the process with the app's exit code."""

from __future__ import annotations

import sys
from typing import Any

from textual import constants
from textual.app import App

from curricula.errors import UsageError


def check_terminal() -> None:
    """Raise `UsageError` unless keys come from a terminal and the screen goes to one.

    Another driver than the terminal's, such as that of `humanoid-tui web`, needs none.
    """
    if constants.DRIVER:
        return
    what = "input" if not _is_terminal(sys.__stdin__) else "output"
    if what == "input" or not (_is_terminal(sys.__stdout__) or _is_terminal(sys.__stderr__)):
        raise UsageError(f"expected a terminal, got {what} without one", hint="commands with --json need none")


def run_app(app: App[Any]) -> None:
    """Run `app` until it ends; leave the process if the exit code is not 0. Raises `UsageError` without a terminal."""
    check_terminal()
    app.run()
    if app.return_code:
        sys.exit(app.return_code)


def _is_terminal(stream: Any) -> bool:
    return stream is not None and not stream.closed and bool(stream.isatty())
