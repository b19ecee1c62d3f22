"""`undo`: undo a change."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Undo
from tui.commands.shared.changes import change, change_options
from tui.session.runs.run_index import find_run


@click.command("undo")
@click.argument("run")
@click.argument("number", type=click.IntRange(min=1), required=False)
@change_options
def undo_command(run: str, number: int | None, note: str, applied: bool, log_root: Path, as_json: bool) -> None:
    """Undo a change; by default the newest that is not undone."""
    change(find_run(run, log_root), Undo(number, note), applied=applied, as_json=as_json)
