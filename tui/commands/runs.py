"""Commands about the runs on disk: runs, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.describe import duration
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.deleting import check_deletable, contents_of, contents_text, delete_run, deletion_question
from tui.session.runs.run_columns import success_text
from tui.session.runs.run_index import RunSummary, find_run, run_folders, summarize
from tui.session.runs.run_list import RUN_ORDERS, RunOrder, matching, ordered, with_status
from tui.session.state import RunStatus
from tui.session.text import plain

_STATUSES = ("live", "ended", *get_args(RunStatus))


@click.command("runs")
@click.option("--sort", "order", type=click.Choice(RUN_ORDERS), default="newest", help="What to order by.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only such runs; repeatable.")
@click.option("--match", "pattern", default="", help="Only runs with these letters in name, preset, task or status.")
@logs_option
@json_option
def runs_command(
    order: RunOrder, reverse: bool, statuses: tuple[str, ...], pattern: str, log_root: Path, as_json: bool
) -> None:
    """List the runs on disk, newest first."""
    summaries = [summarize(folder) for folder in run_folders(log_root)]
    chosen = ordered(matching(with_status(summaries, statuses), pattern), order, reverse)
    nothing = f"no runs in {log_root}" if not summaries else f"none of the {len(summaries)} runs in {log_root}"
    say("\n".join(map(_row, chosen)) or nothing, [_value(summary) for summary in chosen], as_json)


@click.command("delete")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@logs_option
@json_option
def delete_command(runs: tuple[str, ...], yes: bool, log_root: Path, as_json: bool) -> None:
    """Delete runs with all their files; asks first. A run that trains is refused."""
    if as_json and not yes:
        raise click.UsageError("with --json nothing is asked: add --yes")
    folders = list({folder.path: folder for folder in (find_run(run, log_root) for run in runs)}.values())
    for folder in folders:  # all or none
        check_deletable(folder, log_root)
    contents = [contents_of(folder, log_root) for folder in folders]
    for folder, held in zip(folders, contents, strict=True):
        if not yes and not click.confirm(plain(deletion_question(folder, held))):
            raise Failed("nothing more was deleted")
        delete_run(folder, log_root)
        if not as_json:
            click.echo(f"{plain(folder.name)} is deleted: {contents_text(held)}")
    if as_json:
        rows = zip(folders, contents, strict=True)
        say("", [{"run": str(f.path), "bytes": held.size, "checkpoints": held.checkpoints} for f, held in rows], True)


def _row(summary: RunSummary) -> str:
    if summary.spec is None:
        return plain(f"{summary.folder.name}  {summary.problem}")
    done = "" if summary.iteration is None else f"{summary.iteration + 1} of {summary.iterations}"
    reward = "" if summary.reward is None else f"reward {summary.reward:.4g}"
    success = "" if summary.success is None else f"success {success_text(summary.success)}"
    time = duration(summary.seconds) if summary.seconds else ""
    name = f"{summary.spec.experiment}/{summary.folder.name}"
    told = f"{name:<44} {summary.status:<9} {done:<15} {reward:<14} {success:<12} {time:<10} {origin_of(summary.spec)}"
    return plain(told.rstrip())


def _value(summary: RunSummary) -> dict[str, Any]:
    spec = summary.spec
    return {
        "run": str(summary.folder.path),
        "name": summary.folder.name,
        "preset": spec.preset if spec else None,
        "task": spec.task if spec else None,
        "status": summary.status,
        "iteration": summary.iteration,
        "iterations": summary.iterations if spec else None,
        "reward": summary.reward,
        "success": summary.success,
        "seconds": summary.seconds if spec else None,
        "parent": (spec.parent or None) if spec else None,
        "checkpoint": (spec.checkpoint or None) if spec else None,
        "problem": summary.problem,
    }
