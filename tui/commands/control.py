"""Commands that act on a living run as a whole: pause, stop, save, export."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.requests import Command, Pause, Save, Stop
from tui.commands.output import json_option, logs_option, say
from tui.commands.requests import ask_trainer
from tui.session.describe import export_result
from tui.session.exporting import export_checkpoint, export_live
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.runs.run_index import find_run


def _simple_command(name: str, help_text: str, command: Command, done: str) -> click.Command:
    """Make a command that asks the trainer for one thing and reports its acceptance."""

    @click.command(name, help=help_text)
    @click.argument("run")
    @logs_option
    @json_option
    def asking(run: str, log_root: Path, as_json: bool) -> None:
        folder = find_run(run, log_root)
        ask_trainer(folder, command)
        say(f"{folder.name} {done}", {"run": str(folder.path), "accepted": name}, as_json)

    return asking


pause_command = _simple_command(
    "pause", "Hold a training after its current iteration.", Pause(), "pauses after this iteration"
)
stop_command = _simple_command(
    "stop", "Save a checkpoint after the current iteration and end.", Stop(), "stops after this iteration"
)
save_command = _simple_command(
    "save", "Save a checkpoint after the current iteration.", Save(), "saves after this iteration"
)


@click.command("export")
@click.argument("run")
@click.option("--checkpoint", help="An iteration or a file; the living policy, or the newest checkpoint.")
@logs_option
@json_option
def export_command(run: str, checkpoint: str | None, log_root: Path, as_json: bool) -> None:
    """Export a policy as ONNX and TorchScript, checked and timed."""
    folder = find_run(run, log_root)
    if checkpoint is None and read_connection(folder) is not None:
        result = export_live(folder)
    else:
        result = export_checkpoint(folder, find_checkpoint(folder, checkpoint))
    placed = msgspec.structs.replace(result, folder=str(folder.exported))
    say(export_result(placed), placed, as_json)
