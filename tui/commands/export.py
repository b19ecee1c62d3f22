"""`export`: export a policy, or convert an exported one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from curricula.errors import UsageError
from trainer_proc.contract.bundle.formats import FORMATS, FormatsWritten
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RUN_FILE
from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.commands.shared.progress_line import elapsed_line
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.verified import exit_unless_verified, verified
from tui.session.bundle_copy import check_target, copy_bundle
from tui.session.exporting import export_checkpoint, export_live, write_formats
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.runs.run_index import find_run
from tui.session.status_text import export_result
from tui.session.verification.report import report_record, report_text
from tui.session.verification.run import has_card


@click.command("export")
@click.argument("run", metavar="RUN|BUNDLE")
@click.option(
    "--checkpoint",
    help="latest, best, an iteration or a file; by default the live policy, or the newest checkpoint of an ended run.",
)
@click.option(
    "--format", "formats", type=click.Choice(FORMATS), multiple=True, help="Also write this format; repeatable."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also copy the exported policy to this folder.",
)
@click.option("--verify", "asks_to_verify", is_flag=True, help="Then verify it in MuJoCo; exit with 1 if that fails.")
@logs_option
@json_option
def export_command(
    run: str,
    checkpoint: str | None,
    formats: tuple[str, ...],
    output: Path | None,
    asks_to_verify: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Export a policy as ONNX and TorchScript, or in other formats.

    The exported policy is checked against the original, and its latency is measured. A BUNDLE is the folder of an
    exported policy, which is converted as it is.
    """
    if output is not None:
        check_target(output)
    bundle = Path(run)
    if has_card(bundle) and not (bundle / RUN_FILE).exists():
        if checkpoint is not None or asks_to_verify or not formats:
            hint = "use --format alone, or humanoid-tui verify"
            raise UsageError(f"expected a run, got the exported policy {bundle}", hint=hint)
        _convert(bundle, formats, output, as_json)
        return
    folder = find_run(run, log_root)
    chosen = None if checkpoint is None and is_live(folder) else find_checkpoint(folder, checkpoint)
    if chosen is not None:
        report_skipped(chosen, checkpoint)
    with elapsed_line(f"exporting {folder.name}", quiet=as_json):
        result = export_live(folder) if chosen is None else export_checkpoint(folder, chosen)
    placed = msgspec.structs.replace(result, folder=str(folder.exported))
    record = msgspec.to_builtins(placed)
    lines = []
    if formats:
        written = write_formats(folder.exported, formats)
        record["formats"] = msgspec.to_builtins(written)
        lines.append(_formats_text(written))
    _copy(folder.exported, output, record, lines)
    if not asks_to_verify:
        show_result("\n".join([export_result(placed), *lines]), record, as_json)
        return
    _verify(folder.exported, "\n".join([export_result(placed, ""), *lines]), record, as_json)


def _convert(bundle: Path, formats: Sequence[str], output: Path | None, as_json: bool) -> None:
    """Write formats of a bundle that is there already."""
    written = write_formats(bundle, formats)
    record, lines = msgspec.to_builtins(written), [_formats_text(written)]
    _copy(bundle, output, record, lines)
    show_result("\n".join(lines), record, as_json)


def _verify(bundle: Path, text: str, record: dict[str, Any], as_json: bool) -> None:
    """Verify the bundle, and show that beside `text` and `record` of its export."""
    if not as_json:  # the export is done, whatever comes of the verification
        say(text)
    found = verified(VerifyRequest(bundle=str(bundle)), quiet=as_json)
    record["verification"] = report_record(bundle, found)
    show_result(report_text(bundle, found), record, as_json)
    exit_unless_verified(found, as_json=as_json)


def _copy(bundle: Path, output: Path | None, record: dict[str, Any], lines: list[str]) -> None:
    """Copy the bundle to `output`, if that is wanted, and note it in the command's result."""
    if output is not None:
        copy_bundle(bundle, output)
        record["copied_to"] = str(output)
        lines.append(f"copied to {output}")


def _formats_text(written: FormatsWritten) -> str:
    return "\n".join([*(f"written to {folder}" for folder in written.folders), *written.notes])
