"""`redo`: apply an undone change again."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Redo
from tui.commands.shared.changes import change, change_options
from tui.session.runs.run_index import find_run


@click.command("redo")
@click.argument("run")
@click.argument("number", type=click.IntRange(min=1), required=False)
@change_options
def redo_command(run: str, number: int | None, note: str, applied: bool, log_root: Path, as_json: bool) -> None:
    """Apply an undone change again; by default the one undone last."""
    change(find_run(run, log_root), Redo(number, note), applied=applied, as_json=as_json)
