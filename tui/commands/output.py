"""How commands speak: text for people, one JSON value with `--json`; failures end with code 1, wrong use with 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from curricula.errors import UserError
from trainer_proc.contract.run_folder import LOG_ROOT


class Failed(UserError):
    """The command was refused or failed; the message is one line."""


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value, for scripts.")(command)


def logs_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--logs`, where runs lie, passed on as `log_root`."""
    return click.option(
        "--logs",
        "log_root",
        type=click.Path(path_type=Path, file_okay=False),
        default=LOG_ROOT,
        show_default=True,
        envvar="HUMANOID_TUI_LOGS",
        help="Where runs lie.",
    )(command)


def say(text: str, value: Any, as_json: bool) -> None:
    """Print `text`, or `value` as JSON."""
    click.echo(msgspec.json.encode(value).decode() if as_json else text)
