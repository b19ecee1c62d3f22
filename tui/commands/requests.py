"""Asking a run's trainer, and waiting for what comes of it."""

from __future__ import annotations

from trainer_proc.contract.messages import InterventionApplied, InterventionFailed, InterventionQueued
from trainer_proc.contract.requests import Accepted, Command, Refused
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.output import Failed
from tui.session.control import ask
from tui.session.follow import Follower


def ask_trainer(folder: RunFolder, command: Command) -> Accepted:
    """Return the trainer's answer. Raises `Failed` if it refuses, `TrainerUnreachable` if there is none."""
    reply = ask(folder, command)
    if isinstance(reply, Refused):
        raise Failed(reply.reason)
    return reply


def wait_until_applied(folder: RunFolder, intervention: int) -> InterventionApplied:
    """Return what came of an accepted intervention. Raises `Failed` if it could not be applied."""
    outcome: InterventionApplied | InterventionFailed | None = None
    with Follower(folder) as follower:
        while True:
            frames = follower.poll(1.0)
            for frame in frames:
                match frame.body:
                    case InterventionQueued(number=number) if number == intervention:
                        outcome = None  # numbers start again if a run is started again: the newest counts
                    case InterventionApplied(number=number) | InterventionFailed(number=number) if (
                        number == intervention
                    ):
                        outcome = frame.body
                    case _:
                        pass
            if isinstance(outcome, InterventionApplied):
                return outcome
            if outcome is not None:
                raise Failed(f"intervention {intervention} was not applied: {outcome.reason}")
            if not frames and not follower.is_live:
                raise Failed(f"the training of {folder.name} ended before the change took effect")
