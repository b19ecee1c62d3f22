"""Output of commands: text for users, one JSON value with `--json`; exit code 1 for failures, 2 for wrong use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from trainer_proc.contract.run_folder import LOG_ROOT


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
    click.echo(msgspec.json.encode(value).decode() if as_json else text)
