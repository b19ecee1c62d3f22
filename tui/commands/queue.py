"""`queue`: show, pause and continue the queue of this host."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click

from tui.commands.shared.output import json_option, show_result
from tui.session.experiments.experiment_lock import other_holder
from tui.session.experiments.operations import look_at_queue, pause_queue, revive, set_places
from tui.session.experiments.queue_folder import MOST_PLACES, Queue, QueueFolder
from tui.session.experiments.queue_runner import QueuedExperiment
from tui.session.experiments.texts import counts_text
from tui.session.text import plain


@click.command("queue")
@click.option("--pause", "pauses", is_flag=True, help="Start nothing more; running trainings continue.")
@click.option("--resume", "resumes", is_flag=True, help="Start waiting trainings again.")
@click.option("--places", type=click.IntRange(1, MOST_PLACES), help="Trainings on each GPU at a time; at first 1.")
@json_option
def queue_command(pauses: bool, resumes: bool, places: int | None, as_json: bool) -> None:
    """Show the experiments that wait or run on this host.

    Starts the queue's process again if it has work, as after a reboot.
    """
    if pauses and resumes:
        raise click.UsageError("--pause and --resume exclude each other")
    folder = QueueFolder()
    if places is not None:
        set_places(folder, places)
    if pauses or resumes:
        pause_queue(folder, paused=pauses)
    revive(folder)
    queue, looked = folder.read(), look_at_queue(folder)
    held = {one.folder.path: other_holder(one.folder, folder.path) for one in looked}
    unreadable = [path for path in queue.experiments if path not in {str(one.folder.path) for one in looked}]
    value = {
        "host": socket.gethostname(),
        "paused": queue.paused,
        "places": queue.places,
        "has_process": folder.has_process(),
        "experiments": [_value(one, held[one.folder.path]) for one in looked],
        "unreadable": unreadable,
    }
    show_result("\n".join(_lines(queue, looked, held, unreadable, folder.file)), value, as_json)


def _lines(
    queue: Queue, looked: list[QueuedExperiment], held: Mapping[Path, str], unreadable: list[str], file: Path
) -> list[str]:
    places = f"{queue.places} training{'' if queue.places == 1 else 's'} on each device at a time"
    lines = [f"queue of {socket.gethostname()}: {'paused' if queue.paused else places if looked else 'empty'}"]
    for one in looked:
        notes = ["paused" if one.experiment.paused else "", held[one.folder.path]]
        lines.append("  " + ", ".join(filter(None, [f"{one.experiment.name}  {counts_text(one.states)}", *notes])))
        lines += [f"    {s.member.name} on {', '.join(s.devices)}" for s in one.states if s.is_active]
    lines += [f"  {path} can't be read: repair it, or take it out of {file}" for path in unreadable]
    return [plain(line) for line in lines]


def _value(one: QueuedExperiment, held_by: str) -> dict[str, object]:
    return {
        "experiment": str(one.folder.path),
        "name": one.experiment.name,
        "paused": one.experiment.paused,
        "held_by": held_by,
        "counts": Counter(state.status for state in one.states),
        "running": [
            {"member": state.member.name, "run": str(attempt.folder.path), "device": attempt.device}
            for state in one.states
            for attempt in state.attempts
            if attempt.is_active
        ],
    }
