"""`delete`: delete runs."""

from __future__ import annotations

from pathlib import Path

import click

from curricula.errors import UserError
from tui.commands.shared.output import ask, json_option, logs_option, say, show_result
from tui.session.runs.delete import check_deletable, contents_of, contents_text, delete_run, deletion_question
from tui.session.runs.run_index import find_run
from tui.session.text import plain


@click.command("delete")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Delete without asking.")
@logs_option
@json_option
def delete_command(runs: tuple[str, ...], yes: bool, log_root: Path, as_json: bool) -> None:
    """Delete runs with all their files, after asking. A run that is training is refused."""
    if as_json and not yes:
        raise click.UsageError("--json cannot ask: add --yes")
    folders = list({folder.path: folder for folder in (find_run(run, log_root) for run in runs)}.values())
    for folder in folders:  # all or none
        check_deletable(folder, log_root)
    contents = [contents_of(folder, log_root) for folder in folders]
    for folder, held in zip(folders, contents, strict=True):
        if not yes and not ask(deletion_question(folder, held)):
            raise UserError("cancelled: nothing more was deleted")
        delete_run(folder, log_root)
        if not as_json:
            say(f"{plain(folder.name)} deleted: {contents_text(held)}")
    if as_json:
        values = [
            {"run": str(folder.path), "bytes": held.size, "checkpoints": held.checkpoints}
            for folder, held in zip(folders, contents, strict=True)
        ]
        show_result("", values, as_json)
