"""`unpin`: release pinned knobs."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Unpin
from tui.commands.shared.changes import change, change_options
from tui.session.runs.run_index import find_run


@click.command("unpin")
@click.argument("run")
@click.argument("knobs", nargs=-1, required=True, metavar="KNOB...")
@change_options
def unpin_command(run: str, knobs: tuple[str, ...], note: str, applied: bool, log_root: Path, as_json: bool) -> None:
    """Release pinned knobs to their curriculum or schedule."""
    change(find_run(run, log_root), Unpin(knobs, note), applied=applied, as_json=as_json)
