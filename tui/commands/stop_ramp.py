"""`stop-ramp`: stop ramps of knobs."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import StopRamp
from tui.commands.shared.changes import change, change_options
from tui.session.runs.run_index import find_run


@click.command("stop-ramp")
@click.argument("run")
@click.argument("knobs", nargs=-1, required=True, metavar="KNOB...")
@change_options
def stop_ramp_command(
    run: str, knobs: tuple[str, ...], note: str, applied: bool, log_root: Path, as_json: bool
) -> None:
    """Stop ramps and keep the knobs' current values."""
    change(find_run(run, log_root), StopRamp(knobs, note), applied=applied, as_json=as_json)
