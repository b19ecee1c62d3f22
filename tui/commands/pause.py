"""`pause`: pause a training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Pause
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.requests import request_and_show


@click.command("pause")
@click.argument("run")
@logs_option
@json_option
def pause_command(run: str, log_root: Path, as_json: bool) -> None:
    """Pause a training after its current iteration."""
    request_and_show(run, log_root, Pause(), effect="pauses after this iteration", as_json=as_json)
