"""`stop`: save a checkpoint and stop a training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Stop
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.requests import request_and_show


@click.command("stop")
@click.argument("run")
@logs_option
@json_option
def stop_command(run: str, log_root: Path, as_json: bool) -> None:
    """Save a checkpoint after the current iteration and stop."""
    request_and_show(run, log_root, Stop(), effect="stops after this iteration", as_json=as_json)
