"""`watch`: show any training through its TensorBoard event files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from curricula.errors import UserError
from tui.commands.shared.output import json_option, show_result
from tui.session.metrics.names import Role, metric_of
from tui.session.watch.log_folder import LoggedRun, check_log_folder, look_into, named


@click.command("watch")
@click.argument("logdir", type=click.Path(path_type=Path))
@click.option("--run", "wanted", multiple=True, metavar="NAME", help="Only runs with NAME in their name.")
@click.option("--wait", is_flag=True, help="Open although LOGDIR does not exist yet.")
@json_option
def watch_command(logdir: Path, wanted: tuple[str, ...], wait: bool, as_json: bool) -> None:
    """Watch any training through its TensorBoard event files.

    Shows live and ended runs on the dashboard's charts, without steering. LOGDIR may hold many runs. With --json, print
    the newest value of every metric.
    """
    if logdir.exists() or not wait or as_json:
        check_log_folder(logdir)
    if as_json:
        show_result("", _newest(logdir, wanted), as_json)
        return
    from trainer_proc.contract.run_folder import LOG_ROOT
    from tui.app import HumanoidTui
    from tui.navigation import ShowWatch
    from tui.session.watch.scalars import ScalarReader
    from tui.terminal.run import run_app

    ScalarReader()  # reports a missing package before the screen opens
    run_app(HumanoidTui(LOG_ROOT, ShowWatch(logdir, wanted)))


def _newest(logdir: Path, wanted: tuple[str, ...]) -> dict[str, Any]:
    found = look_into(logdir)
    runs = named(found.runs, wanted)
    if not runs:
        no_match = f"none of the {len(found.runs)} runs in {logdir} matches --run" if found.runs else ""
        raise UserError(no_match or next(iter(found.problems), f"no event files in {logdir}"))
    return {"folder": str(logdir), "problems": list(found.problems), "runs": [_run_value(run) for run in runs]}


def _run_value(logged: LoggedRun) -> dict[str, Any]:
    from tui.session.watch.run_reader import RunReader  # imports numpy: too slow for --help
    from tui.session.watch.watched_run import WatchedRun

    run, reader = WatchedRun(logged.name), RunReader(logged)
    while portion := reader.read_next():
        run.take(portion)
    roles = {role: metric_of(role, run.names) for role in get_args(Role)}
    return {
        "run": run.name,
        "files": len(logged.files),
        "step": run.newest_step,
        "time": run.newest_time,
        "steps_per_second": run.steps_per_second,
        "roles": {role: name for role, name in roles.items() if name is not None},
        "metrics": {name: {"step": newest.step, "value": newest.value} for name, newest in run.newest.items()},
        "problems": list(run.problems),
    }
