"""`experiment`: show the members of an experiment, pause, continue or cancel it."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.session.experiments.operations import answer_copy, cancel, find_experiment, look_at, pause, revive
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.experiments.ranking import rank
from tui.session.experiments.texts import experiment_lines, experiment_value


@click.command("experiment")
@click.argument("name")
@click.option("--by", "metric", default="", metavar="METRIC", help="Rank by this metric; default: the objective.")
@click.option("--open", "opens", is_flag=True, help="Open its screen, with charts.")
@click.option("--pause", "pauses", is_flag=True, help="Start no more members; running ones continue.")
@click.option("--resume", "resumes", is_flag=True, help="Start its members again, in the queue.")
@click.option(
    "--cancel", "cancels", is_flag=True, help="Start no more members; running ones save a checkpoint and stop."
)
@click.option("--member", "members", multiple=True, metavar="MEMBER", help="With --cancel: only this one; repeatable.")
@click.option("--keep-running", is_flag=True, help="With --cancel: let running members continue.")
@click.option("--veto", "vetoed", multiple=True, metavar="MEMBER", help="Keep a member that a copy would replace.")
@click.option("--accept", "accepted", multiple=True, metavar="MEMBER", help="Replace a member by its copy at once.")
@logs_option
@json_option
def experiment_command(
    name: str,
    metric: str,
    opens: bool,
    pauses: bool,
    resumes: bool,
    cancels: bool,
    members: tuple[str, ...],
    keep_running: bool,
    vetoed: tuple[str, ...],
    accepted: tuple[str, ...],
    log_root: Path,
    as_json: bool,
) -> None:
    """Rank the members of an experiment; pause or cancel it.

    Members that differ in the seed alone are one group, with its mean and 95 % interval.
    """
    if (members or keep_running) and not cancels:
        raise click.UsageError("--member and --keep-running need --cancel")
    if pauses + resumes + cancels > 1:
        raise click.UsageError("--pause, --resume and --cancel exclude each other")
    if opens and as_json:
        raise click.UsageError("--open and --json exclude each other")
    folder, queue = find_experiment(name, log_root), QueueFolder()
    if cancels:
        waiting, stopping = cancel(folder, members, keep_running=keep_running)
        if not as_json:
            say(f"{len(waiting)} never start, {len(stopping)} stop after this iteration")
    for member in (*vetoed, *accepted):
        answer_copy(folder, member, accepted=member in accepted)
    if pauses or resumes:
        pause(folder, queue, paused=pauses)
    revive(queue)
    if opens:
        _open(folder.path, log_root)
        return
    looked = look_at(folder)
    ranking = rank(looked.experiment, looked.states, metric)
    is_queued = str(folder.path) in queue.read().experiments
    text = "\n".join(experiment_lines(looked, ranking, is_queued=is_queued))
    show_result(text, experiment_value(looked, ranking, is_queued=is_queued), as_json)


def _open(experiment: Path, log_root: Path) -> None:
    from tui.app import HumanoidTui
    from tui.navigation import ShowExperiment
    from tui.terminal.run import run_app

    run_app(HumanoidTui(log_root, ShowExperiment(experiment)))
