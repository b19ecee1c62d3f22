"""`record`: write a preset that repeats a run with its changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curricula.curriculum import counted
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import write_atomically
from tui.commands.shared.new_file import check_new_file
from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.session.recordings.recorded_preset import RecordedPreset, launch_command, recorded_preset
from tui.session.runs.run_index import find_run

_STANDARD_OUTPUT = "-"


@click.command("record")
@click.argument("run")
@click.option("-o", "output", required=True, metavar="FILE.toml", help="Preset file to write; - prints it.")
@click.option("--by", metavar="METRIC", help="Repeat changes at the same values of a metric, not iterations.")
@click.option("--everyone", is_flag=True, help="Include changes by curricula, guards and schedules.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@logs_option
@json_option
def record_command(
    run: str, output: str, by: str | None, everyone: bool, force: bool, log_root: Path, as_json: bool
) -> None:
    """Write a preset that repeats the user's changes of a run.

    It holds the run's launch configuration. Launching it makes the same changes at the same iterations.
    """
    if as_json and output == _STANDARD_OUTPUT:
        raise click.UsageError("-o - and --json exclude each other")
    folder = find_run(run, log_root)
    spec = folder.read_spec()
    recorded = recorded_preset(folder.name, spec, JournalReader(folder.journal).read_new(), by=by, everyone=everyone)
    if output == _STANDARD_OUTPUT:
        say(recorded.text, end="")
        return
    _write(Path(output), recorded.text, force)
    command = launch_command(output, spec)
    value: dict[str, Any] = {"preset": output, "run": str(folder.path), "steps": recorded.steps, "launch": command}
    show_result(f"{output}: {_content(recorded, folder.name)}; repeat it with {command}", value, as_json)


def _content(recorded: RecordedPreset, run: str) -> str:
    if not recorded.steps:
        return f"{run} as launched: it has no changes"
    return f"{counted(recorded.steps, 'change')} of {run}"


def _write(path: Path, text: str, replaces: bool) -> None:
    check_new_file(path, replaces, ".toml")
    write_atomically(path, text.encode())
