"""Output of commands: text for users, one JSON value with `--json`; exit code 1 for failures, 2 for wrong use."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from trainer_proc.contract.run_folder import LOG_ROOT
from tui.session.text import plain_json, plain_lines

_ERASE_LINE = "\r\x1b[K"
"""Begins a line that replaces the one that the terminal shows."""


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value, for scripts.")(command)


def logs_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--logs`, the folder of all runs, passed on as `log_root`."""
    return click.option(
        "--logs",
        "log_root",
        type=click.Path(path_type=Path, file_okay=False),
        default=LOG_ROOT,
        show_default=True,
        envvar="HUMANOID_TUI_LOGS",
        help="Folder with runs.",
    )(command)


def show_result(text: str, value: Any, as_json: bool) -> None:
    """Print `text`, or `value` as JSON."""
    if as_json:
        say_json(value)
    else:
        say(text)


def say(text: str, *, err: bool = False, end: str = "\n", replaces_line: bool = False) -> None:
    """Print lines of text, to standard error if `err`; names in them can do nothing to the terminal.

    All text that commands print passes here. Lines that `replaces_line` begins where the current one began.
    """
    click.echo(f"{_ERASE_LINE * replaces_line}{plain_lines(text)}{end}", nl=False, err=err)


def say_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # a file's name with bytes that are no UTF-8
        text = json.dumps(msgspec.to_builtins(value))
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    click.echo(plain_json(text, ascii_only=codecs.lookup(encoding).name != "utf-8"))


def ask(question: str, *, default: bool = False, abort: bool = False, err: bool = False) -> bool:
    """Ask a question on the terminal; with `abort`, raise `click.Abort` for a no."""
    return click.confirm(plain_lines(question), default=default, abort=abort, err=err)
