"""`compare`: open several runs on shared charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.runs.compare import ComparedRun, Difference, differences, recorded_code
from tui.session.runs.iterations import iteration_record
from tui.session.runs.run_index import find_run, read_state, summarize


@click.command("compare")
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@logs_option
@json_option
def compare_command(runs: tuple[str, ...], log_root: Path, as_json: bool) -> None:
    """Open runs on shared charts, live or ended.

    With --json, print their differences.
    """
    folders = list({folder.path: folder for folder in (find_run(run, log_root) for run in runs)}.values())
    if len(folders) < 2:
        raise click.UsageError("expected at least two different runs")
    specs = [folder.read_spec() for folder in folders]
    if as_json:
        compared = [
            ComparedRun(f.name, spec, read_state(f), recorded_code(f)) for f, spec in zip(folders, specs, strict=True)
        ]
        rows = [_value(difference) for difference in differences(compared)]
        show_result("", {"runs": [_run_value(folder) for folder in folders], "differences": rows}, as_json)
        return
    from tui.app import HumanoidTui
    from tui.navigation import ShowCompare
    from tui.terminal.run import run_app

    run_app(HumanoidTui(log_root, ShowCompare(folders)))


def _run_value(folder: RunFolder) -> dict[str, Any]:
    summary = summarize(folder)
    return {
        "run": str(folder.path),
        "name": folder.name,
        "status": summary.status,
        **iteration_record(summary.iteration),
        "iterations": summary.iterations if summary.spec else None,
        "reward": summary.reward,
        "success": summary.success,
    }


def _value(difference: Difference) -> dict[str, Any]:
    return {"kind": difference.kind, "name": difference.name, "values": difference.values}
