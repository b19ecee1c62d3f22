"""Requests to a run's trainer, and waiting for their outcome."""

from __future__ import annotations

from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed, InterventionQueued
from trainer_proc.contract.requests import Accepted, Command, Refused
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import show_result
from tui.session.follow import Follower
from tui.session.runs.run_index import find_run
from tui.session.trainer_request import ask


def request(folder: RunFolder, command: Command) -> Accepted:
    """Return the trainer's answer. Raises `UserError` if it refuses, `TrainerUnreachable` if there is none."""
    reply = ask(folder, command)
    if isinstance(reply, Refused):
        raise UserError(reply.reason)
    return reply


def request_and_show(run: str, log_root: Path, command: Command, *, effect: str, as_json: bool) -> None:
    """Send `command` to the trainer of `run` and print its `effect`."""
    folder = find_run(run, log_root)
    request(folder, command)
    value = {"run": str(folder.path), "accepted": type(command).__name__.lower()}
    show_result(f"{folder.name} {effect}", value, as_json)


def wait_until_applied(folder: RunFolder, intervention: int) -> InterventionApplied:
    """Return the outcome of an accepted change. Raises `UserError` if it could not be applied."""
    outcome: InterventionApplied | InterventionFailed | None = None
    with Follower(folder) as follower:
        while True:
            frames = follower.poll(1.0)
            for frame in frames:
                match frame.body:
                    case InterventionQueued(number=number) if number == intervention:
                        outcome = None  # numbers start again with a resumed run: the newest counts
                    case InterventionApplied(number=number) | InterventionFailed(number=number) if (
                        number == intervention
                    ):
                        outcome = frame.body
                    case _:
                        pass
            if isinstance(outcome, InterventionApplied):
                return outcome
            if outcome is not None:
                raise UserError(f"change #{intervention} was not applied: {outcome.reason}")
            if not frames and not follower.is_live:
                raise UserError(f"the training of {folder.name} ended before change #{intervention} was applied")
