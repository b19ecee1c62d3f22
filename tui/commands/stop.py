"""`stop`: save a checkpoint and stop a training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Stop
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.commands.shared.requests import request_and_show
from tui.session.runs.run_index import find_run
from tui.session.stopping import Patience, end_restart, stop_in_steps


@click.command("stop")
@click.argument("run")
@click.option("--force", is_flag=True, help="Wait for the end; send SIGTERM, then SIGKILL to a training that goes on.")
@click.option(
    "--request-seconds",
    type=FiniteRange(min=0),
    show_default=f"{Patience.after_request:g}",
    help="With --force: time between the request and SIGTERM.",
)
@click.option(
    "--terminate-seconds",
    type=FiniteRange(min=0),
    show_default=f"{Patience.after_terminate:g}",
    help="With --force: time between SIGTERM and SIGKILL.",
)
@logs_option
@json_option
def stop_command(
    run: str, force: bool, request_seconds: float | None, terminate_seconds: float | None, log_root: Path, as_json: bool
) -> None:
    """Save a checkpoint after the current iteration and stop."""
    given = {"after_request": request_seconds, "after_terminate": terminate_seconds}
    times = {step: seconds for step, seconds in given.items() if seconds is not None}
    if times and not force:
        raise click.UsageError("--request-seconds and --terminate-seconds need --force")
    folder = find_run(run, log_root)
    if not force:
        if end_restart(folder):
            value = {"run": str(folder.path), "accepted": "stop"}
            show_result(f"{folder.name}: the next attempt is cancelled", value, as_json)
            return
        request_and_show(run, log_root, Stop(), effect="stops after this iteration", as_json=as_json)
        return
    steps: list[str] = []

    def show(step: str) -> None:
        steps.append(step)
        if not as_json:
            say(step)

    stop_in_steps(folder, Patience(**times), show)
    show_result(f"{folder.name} has ended", {"run": str(folder.path), "steps": steps}, as_json)
