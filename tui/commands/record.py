"""The command that turns a run into a preset which repeats it: record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curricula.curriculum import counted
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import write_atomically
from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.recordings.recorded_preset import RecordedPreset, launch_command, recorded_preset
from tui.session.runs.run_index import find_run

_STANDARD_OUTPUT = "-"


@click.command("record")
@click.argument("run")
@click.option("-o", "output", required=True, metavar="FILE.toml", help="The preset to write; - prints it.")
@click.option("--by", metavar="METRIC", help="Repeat when a metric is what it was, instead of at the same iterations.")
@click.option("--everyone", is_flag=True, help="Record what curricula, guards and schedules did, too.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@logs_option
@json_option
def record_command(
    run: str, output: str, by: str | None, everyone: bool, force: bool, log_root: Path, as_json: bool
) -> None:
    """Write a preset that repeats unattended what a person did in a run.

    It holds all that the run was started with. Launching it makes the same changes at the same iterations.
    """
    if as_json and output == _STANDARD_OUTPUT:
        raise click.UsageError("say -o - or --json, not both")
    folder = find_run(run, log_root)
    spec = folder.read_spec()
    recorded = recorded_preset(folder.name, spec, JournalReader(folder.journal).read_new(), by, everyone)
    if output == _STANDARD_OUTPUT:
        click.echo(recorded.text, nl=False)
        return
    _write(Path(output), recorded.text, force)
    command = launch_command(output, spec)
    value: dict[str, Any] = {"preset": output, "run": str(folder.path), "steps": recorded.steps, "launch": command}
    say(f"{output}: {_content(recorded, folder.name)}; repeat it with {command}", value, as_json)


def _content(recorded: RecordedPreset, run: str) -> str:
    if not recorded.steps:
        return f"{run} as it was started, as nothing was done to it"
    return f"{counted(recorded.steps, 'intervention')} of {run}"


def _write(path: Path, text: str, replaces: bool) -> None:
    if path.suffix != ".toml":
        raise click.UsageError(f"{path} must end in .toml, so that a launch takes it for a preset")
    if path.exists() and not replaces:
        raise Failed(f"{path} is there already: choose another name, or --force to replace it")
    write_atomically(path, text.encode())
