"""`runs`: list the runs on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.numbers import duration
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.iterations import iteration_record
from tui.session.runs.run_columns import success_text
from tui.session.runs.run_index import RunSummary, run_folders, summarize
from tui.session.runs.run_list import RUN_ORDERS, RunOrder, matching, ordered, with_status
from tui.session.state import RunStatus
from tui.session.text import plain

_STATUSES = ("live", "ended", *get_args(RunStatus))


@click.command("runs")
@click.option("--sort", "order", type=click.Choice(RUN_ORDERS), default="newest", help="Sort by.")
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option("--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only this status; repeatable.")
@click.option("--match", "pattern", default="", help="Only runs with these letters in name, preset, task or status.")
@logs_option
@json_option
def runs_command(
    order: RunOrder, reverse: bool, statuses: tuple[str, ...], pattern: str, log_root: Path, as_json: bool
) -> None:
    """List the runs on disk, newest first."""
    summaries = [summarize(folder) for folder in run_folders(log_root)]
    chosen = ordered(matching(with_status(summaries, statuses), pattern), order, reverse)
    nothing = f"no runs in {log_root}" if not summaries else f"none of the {len(summaries)} runs in {log_root} match"
    show_result("\n".join(map(_row, chosen)) or nothing, [_value(summary) for summary in chosen], as_json)


def _row(summary: RunSummary) -> str:
    if summary.spec is None:
        return plain(f"{summary.folder.name}  {summary.problem}")
    done = "" if summary.iteration is None else f"{summary.iteration + 1} of {summary.iterations}"
    reward = "" if summary.reward is None else f"reward {summary.reward:.4g}"
    success = "" if summary.success is None else f"success {success_text(summary.success)}"
    time = duration(summary.seconds) if summary.seconds else ""
    name = f"{summary.spec.experiment}/{summary.folder.name}"
    row = f"{name:<44} {summary.status:<9} {done:<15} {reward:<14} {success:<12} {time:<10} {origin_of(summary.spec)}"
    parts = (row.rstrip(), summary.reason or summary.warning, summary.damage)
    return plain("  ".join(part for part in parts if part))


def _value(summary: RunSummary) -> dict[str, Any]:
    spec = summary.spec
    return {
        "run": str(summary.folder.path),
        "name": summary.folder.name,
        "preset": spec.preset if spec else None,
        "task": spec.task if spec else None,
        "status": summary.status,
        **iteration_record(summary.iteration),
        "iterations": summary.iterations if spec else None,
        "reward": summary.reward,
        "success": summary.success,
        "seconds": summary.seconds if spec else None,
        "parent": (spec.parent or None) if spec else None,
        "checkpoint": (spec.checkpoint or None) if spec else None,
        "reason": summary.reason,
        "warning": summary.warning,
        "damage": summary.damage,
        "problem": summary.problem,
    }
