"""`runs`: list the runs on disk."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.session.numbers import duration
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.run_columns import label_text, success_text
from tui.session.runs.run_index import RunSummary, run_folders, summarize
from tui.session.runs.run_list import RUN_ORDERS, RunOrder, ordered
from tui.session.runs.run_record import run_record
from tui.session.runs.run_search import listed, matching, with_status
from tui.session.state import RunStatus
from tui.session.text import plain

_STATUSES = ("live", "ended", *get_args(RunStatus))


@click.command("runs")
@click.option("--sort", "order", type=click.Choice(RUN_ORDERS), default="newest", help="Column to sort by.")
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option("--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only this status; repeatable.")
@click.option(
    "--match",
    "pattern",
    default="",
    help="Only runs with these letters in name, title, preset, task or status, or words in the note; "
    "also #TAG, is:starred and is:archived.",
)
@click.option("--archived", is_flag=True, help="List archived runs too.")
@click.option("--all-hosts", is_flag=True, help="Also those on the hosts of the settings.")
@logs_option
@json_option
def runs_command(
    order: RunOrder,
    reverse: bool,
    statuses: tuple[str, ...],
    pattern: str,
    archived: bool,
    all_hosts: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """List the runs on disk, newest first. Archived runs that have ended are left out."""
    everything = [summarize(folder) for folder in run_folders(log_root)]
    if all_hosts:
        everything += _on_hosts()
    summaries = listed(everything, pattern, with_archived=archived)
    chosen = ordered(matching(with_status(summaries, statuses), pattern), order, reverse)
    nothing = f"no runs in {log_root}" if not everything else f"none of the {len(summaries)} runs in {log_root} match"
    if len(everything) > len(summaries):
        nothing += f"; {len(everything) - len(summaries)} more are archived, see --archived"
    show_result("\n".join(map(_row, chosen)) or nothing, [run_record(summary) for summary in chosen], as_json)


def _on_hosts() -> list[RunSummary]:
    """Return the runs on all hosts; those that don't answer are reported on standard error."""
    from tui.session.hosts.host import all_hosts
    from tui.session.hosts.host_runs import ANSWER_SECONDS
    from tui.session.hosts.host_text import host_text
    from tui.session.hosts.watch import HostWatches

    with HostWatches(all_hosts()) as watches:
        states = watches.wait(ANSWER_SECONDS)
    for state in states:
        if state.load is None:
            say(host_text(state), err=True)
    return watches.rows


def _row(summary: RunSummary) -> str:
    where = "" if summary.origin is None else f"{summary.origin.host}:"
    if summary.spec is None:
        return plain(f"{where}{summary.folder.name}  {summary.problem}")
    done = "" if summary.iteration is None else f"{summary.iteration + 1} of {summary.iterations}"
    reward = "" if summary.reward is None else f"reward {summary.reward:.4g}"
    success = "" if summary.success is None else f"success {success_text(summary.success)}"
    time = duration(summary.seconds) if summary.seconds else ""
    name = f"{where}{summary.spec.experiment}/{summary.folder.name}"
    row = f"{name:<44} {summary.status:<9} {done:<15} {reward:<14} {success:<12} {time:<10} {origin_of(summary.spec)}"
    parts = (row.rstrip(), label_text(summary.labels), summary.reason or summary.warning, summary.damage)
    return plain("  ".join(part for part in parts if part))
