"""`resume`: continue a paused or ended training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.requests import Resume
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.requests import request
from tui.commands.shared.start import start
from tui.session.launching.continuing import continued_spec
from tui.session.runs.run_index import find_run, read_state


@click.command("resume")
@click.argument("run")
@click.option("--iterations", type=click.IntRange(min=1), help="Additional iterations, for a run that has ended.")
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
@logs_option
@json_option
def resume_command(run: str, iterations: int | None, wait: bool, log_root: Path, as_json: bool) -> None:
    """Continue a paused or ended training.

    An ended one continues from its newest checkpoint, in a new folder.
    """
    folder = find_run(run, log_root)
    if read_connection(folder) is None:
        spec = continued_spec(folder, read_state(folder), iterations)
        start(spec, folder.path.parents[1], wait=wait, as_json=as_json)
        return
    if iterations is not None or wait:
        raise click.UsageError(f"{folder.name} is still training: --iterations and --wait are for ended runs")
    request(folder, Resume())
    show_result(f"{folder.name} continues", {"run": str(folder.path), "accepted": "resume"}, as_json)
