"""Commands that act on a living run: tune, pause, resume, stop, save, export."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer_proc.wire.connection import read_connection
from trainer_proc.wire.export_process import run_export
from trainer_proc.wire.messages import (
    Accepted,
    Command,
    InterventionApplied,
    Pause,
    Refused,
    Resume,
    Save,
    Stop,
    Tune,
)
from trainer_proc.wire.run_folder import RunFolder
from tui.commands.output import Failed, json_option, logs_option, parse_settings, say
from tui.session.control import ask
from tui.session.describe import export_result
from tui.session.exporting import export_live, find_checkpoint
from tui.session.follow import Follower
from tui.session.runs import find_run


@click.command("tune")
@click.argument("run")
@click.argument("settings", nargs=-1, required=True, metavar="KNOB=VALUE...")
@click.option("--note", default="", help="Why; kept with the change.")
@click.option("--applied", is_flag=True, help="Return when the change has taken effect.")
@logs_option
@json_option
def tune_command(run, settings, note, applied, log_root, as_json) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Change knobs of a running training, all of them or none."""
    folder = find_run(run, log_root)
    values = parse_settings(settings)
    reply = _ask(folder, Tune(values, note))
    assert reply.intervention is not None
    if not applied:
        result = {"intervention": reply.intervention, "state": "pending"}
        say(f"intervention {reply.intervention} waits for the next iteration", result, as_json)
        return
    done = _wait_for(folder, reply.intervention)
    changes = ", ".join(f"{change.knob} {change.old:g} -> {change.new:g}" for change in done.changes)
    result = {"intervention": done.number, "state": "applied", **msgspec.to_builtins(done)}
    say(f"intervention {done.number} applied at iteration {done.iteration}: {changes}", result, as_json)


def _ask(folder: RunFolder, command: Command) -> Accepted:
    """Raise `Failed` if the trainer refuses, `TrainerUnreachable` if there is none."""
    reply = ask(folder, command)
    if isinstance(reply, Refused):
        raise Failed(reply.reason)
    return reply


def _wait_for(folder: RunFolder, intervention: int) -> InterventionApplied:
    with Follower(folder) as follower:
        while True:
            frames = follower.poll(1.0)
            for frame in reversed(frames):  # numbers start again if a run is started again: the newest counts
                if isinstance(frame.body, InterventionApplied) and frame.body.number == intervention:
                    return frame.body
            if not frames and not follower.is_live:
                raise Failed(f"the training of {folder.name} ended before the change took effect")


def _simple_command(name: str, help_text: str, command: Command, done: str) -> click.Command:
    """Make a command that asks the trainer for one thing and reports its acceptance."""

    @click.command(name, help=help_text)
    @click.argument("run")
    @logs_option
    @json_option
    def asking(run: str, log_root: Path, as_json: bool) -> None:
        folder = find_run(run, log_root)
        _ask(folder, command)
        say(f"{folder.name} {done}", {"run": str(folder.path), "accepted": name}, as_json)

    return asking


pause_command = _simple_command(
    "pause", "Hold a training after its current iteration.", Pause(), "pauses after this iteration"
)
resume_command = _simple_command("resume", "Let a paused training go on.", Resume(), "goes on")
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
def export_command(run, checkpoint, log_root, as_json) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Export a policy as ONNX and TorchScript, checked and timed."""
    folder = find_run(run, log_root)
    if checkpoint is None and read_connection(folder) is not None:
        result = export_live(folder)
    else:
        result = run_export(folder, find_checkpoint(folder, checkpoint), log=None)
    placed = msgspec.structs.replace(result, folder=str(folder.exported))
    say(export_result(placed), placed, as_json)
