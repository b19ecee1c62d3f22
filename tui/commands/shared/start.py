"""Start a training and print its progress."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.messages import TERMINAL_PHASES
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.commands.shared.output import say, show_result
from tui.commands.shared.progress_lines import ProgressLines
from tui.session.follow import Follower
from tui.session.launching.launcher import start_trainer
from tui.session.launching.refusal import discard_if_refused
from tui.session.runs.iterations import iteration_record
from tui.session.state import RunState

evaluate_every_option = click.option(
    "--evaluate-every",
    type=click.IntRange(min=0),
    metavar="N",
    help="Evaluate the policy every N iterations; 0: never.",
)
rollout_every_option = click.option(
    "--rollout-every",
    type=click.IntRange(min=0),
    metavar="N",
    help="Record a rollout every N iterations; 0: never.",
)


def start(spec: RunSpec, log_root: Path, *, wait: bool, as_json: bool) -> None:
    """Start a training and print its progress until it trains or, with `wait`, until it has ended.

    Raises `UserError` if it failed, `RefusedLaunch` if nothing was built; then no run is left.
    """
    folder, trainer = start_trainer(spec, log_root)
    say(f"{folder.path}", err=as_json)
    try:
        state = _follow(folder, trainer, until_ended=wait, restarts=wait and bool(spec.restart), quiet=as_json)
    except KeyboardInterrupt:
        say(f"The training continues: humanoid-tui attach {folder.name}", err=True)
        raise
    discard_if_refused(folder, state)
    status = state.status(is_alive=True)
    if status in ("failed", "killed"):
        reason = state.phase.detail if state.phase else ""
        raise UserError(f"{folder.name} {status}: {reason or 'see'} ({folder.console})")
    result = {"run": str(folder.path), "name": folder.name, "status": status} | iteration_record(state.iteration)
    hint = "" if wait else f"; open it with humanoid-tui attach {folder.name}"
    show_result(f"{folder.name} is {status}{hint}", result, as_json)


def _follow(
    folder: RunFolder, trainer: subprocess.Popen[bytes], *, until_ended: bool, restarts: bool, quiet: bool
) -> RunState:
    """Print progress until the environment is built or, with `until_ended`, until the training has ended.

    One that `restarts` has not ended with a failure, as long as its process lives. Raises `UserError` if the trainer
    dies.
    """
    state, lines = RunState(), ProgressLines()
    with Follower(folder) as follower, lines:
        while True:
            has_ended = trainer.poll() is not None  # before polling: it may write frames and then end
            frames = follower.poll(1.0)
            for frame in frames:
                state.apply(frame)
                if not quiet:
                    lines.show(frame, state)
            phase = state.phase.phase if state.phase else "building"
            if restarts and not has_ended and phase != "finished":
                continue
            if phase in TERMINAL_PHASES or (phase == "training" and not until_ended):
                return state
            if not frames and not follower.is_live and (has_ended or state.started is not None):
                raise UserError(f"the trainer of {folder.name} died", hint=f"see {folder.console}")
