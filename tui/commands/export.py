"""`export`: export a policy."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer_proc.contract.connection import is_live
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.session.exporting import export_checkpoint, export_live
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.runs.run_index import find_run
from tui.session.status_text import export_result


@click.command("export")
@click.argument("run")
@click.option(
    "--checkpoint",
    help="latest, best, an iteration or a file; by default the live policy, or the newest checkpoint of an ended run.",
)
@logs_option
@json_option
def export_command(run: str, checkpoint: str | None, log_root: Path, as_json: bool) -> None:
    """Export a policy as ONNX and TorchScript.

    The exported policy is checked against the original, and its latency is measured.
    """
    folder = find_run(run, log_root)
    if checkpoint is None and is_live(folder):
        result = export_live(folder)
    else:
        chosen = find_checkpoint(folder, checkpoint)
        report_skipped(chosen, checkpoint)
        result = export_checkpoint(folder, chosen)
    placed = msgspec.structs.replace(result, folder=str(folder.exported))
    show_result(export_result(placed), placed, as_json)
