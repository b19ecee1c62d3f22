"""Start a training and print its progress."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.messages import TERMINAL_PHASES, IterationFinished, PhaseChanged
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.commands.shared.output import show_result
from tui.session.follow import Follower
from tui.session.launching.launcher import start_trainer
from tui.session.state import RunState


def start(spec: RunSpec, log_root: Path, *, wait: bool, as_json: bool) -> None:
    """Start a training and print its progress until it trains or, with `wait`, until it has ended.

    Raises `UserError` if it failed.
    """
    folder, trainer = start_trainer(spec, log_root)
    click.echo(f"{folder.path}", err=as_json)
    try:
        state = _follow(folder, trainer, until_ended=wait, quiet=as_json)
    except KeyboardInterrupt:
        click.echo(f"The training continues: humanoid-tui attach {folder.name}", err=True)
        raise
    status = state.status(is_alive=True)
    if status in ("failed", "killed"):
        reason = state.phase.detail if state.phase else ""
        raise UserError(f"{folder.name} {status}: {reason or 'see'} ({folder.console})")
    result = {"run": str(folder.path), "name": folder.name, "status": status, "iteration": state.iteration}
    hint = "" if wait else f"; open it with humanoid-tui attach {folder.name}"
    show_result(f"{folder.name} is {status}{hint}", result, as_json)


def _follow(folder: RunFolder, trainer: subprocess.Popen[bytes], until_ended: bool, quiet: bool) -> RunState:
    """Print progress until the environment is built or, with `until_ended`, until the training has ended.

    Raises `UserError` if the trainer dies.
    """
    state = RunState()
    with Follower(folder) as follower:
        while True:
            has_ended = trainer.poll() is not None  # before polling: it may write frames and then end
            frames = follower.poll(1.0)
            for frame in frames:
                state.apply(frame)
                if not quiet:
                    _show_progress(state, frame.body)
            phase = state.phase.phase if state.phase else "building"
            if phase in TERMINAL_PHASES or (phase == "training" and not until_ended):
                return state
            if not frames and not follower.is_live and (has_ended or state.started is not None):
                raise UserError(f"the trainer of {folder.name} died", hint=f"see {folder.console}")


def _show_progress(state: RunState, body: object) -> None:
    if isinstance(body, PhaseChanged):
        modules = f" ({body.kernel_modules} kernel modules)" if body.kernel_modules else ""
        click.echo(f"{body.phase}{': ' if body.detail else ''}{body.detail}{modules}")
    elif isinstance(body, IterationFinished):
        reward = state.latest.get("Train/mean_reward")
        click.echo(f"iteration {body.iteration}" + (f", reward {reward:.4g}" if reward is not None else ""))
