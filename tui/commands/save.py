"""`save`: save a checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Save
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.requests import request_and_show


@click.command("save")
@click.argument("run")
@logs_option
@json_option
def save_command(run: str, log_root: Path, as_json: bool) -> None:
    """Save a checkpoint after the current iteration."""
    request_and_show(run, log_root, Save(), effect="saves a checkpoint after this iteration", as_json=as_json)
