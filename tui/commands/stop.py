"""`stop`: save a checkpoint and stop a training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.requests import Stop
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.commands.shared.requests import request_and_show
from tui.session.engines.jobs import JOBS
from tui.session.runs.run_index import find_run
from tui.session.settings.config import read_settings
from tui.session.stopping import Patience, end_restart, stop_in_steps


@click.command("stop")
@click.argument("run")
@click.option("--force", is_flag=True, help="Wait for the end; send SIGTERM, then SIGKILL if it does not end.")
@click.option(
    "--request-seconds",
    type=FiniteRange(min=0),
    help="With --force: time between the request and SIGTERM; default: stop.request_seconds of the settings.",
)
@click.option(
    "--terminate-seconds",
    type=FiniteRange(min=0),
    help="With --force: time between SIGTERM and SIGKILL; default: stop.terminate_seconds of the settings.",
)
@logs_option
@json_option
def stop_command(
    run: str, force: bool, request_seconds: float | None, terminate_seconds: float | None, log_root: Path, as_json: bool
) -> None:
    """Save a checkpoint after the current iteration and stop. A job that waits for a place is cancelled."""
    if not force and (request_seconds, terminate_seconds) != (None, None):
        raise click.UsageError("--request-seconds and --terminate-seconds need --force")
    folder = find_run(run, log_root)
    if cancelled := JOBS.cancel_waiting(folder):
        show_result(f"{folder.name}: {cancelled}", {"run": str(folder.path), "accepted": "stop"}, as_json)
        return
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

    usual = read_settings()[0].stop
    patience = Patience(
        after_request=usual.request_seconds if request_seconds is None else request_seconds,
        after_terminate=usual.terminate_seconds if terminate_seconds is None else terminate_seconds,
    )
    stop_in_steps(folder, patience, show)
    show_result(f"{folder.name} has ended", {"run": str(folder.path), "steps": steps}, as_json)
