"""Start a training and print its progress."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.messages import TERMINAL_PHASES
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.commands.shared.output import say, show_result
from tui.commands.shared.progress_lines import ProgressLines
from tui.session.engines.job import read_job
from tui.session.engines.jobs import JOBS
from tui.session.experiments.launchers.base import Launcher
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.follow import Follower
from tui.session.launching.launcher import start_trainer
from tui.session.launching.refusal import discard_if_refused
from tui.session.runs.iterations import iteration_record
from tui.session.settings.config import read_settings
from tui.session.state import RunState
from tui.session.stopping import Patience, stop_in_steps

fast_option = click.option(
    "--fast/--no-fast",
    "fast",
    default=None,
    help="Capture the training step in CUDA graphs on a GPU, or train as plain mjlab does.",
)
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


def start(spec: RunSpec, log_root: Path, *, wait: bool, as_json: bool, stops: bool = False) -> None:
    """Start a training and print its progress until it trains or, with `wait`, until it has ended.

    With `stops`, a signal that ends this command stops the training first.
    Raises `UserError` if it failed, `RefusedLaunch` if nothing was built; then no run is left.
    """
    if stops:
        interrupt_on_signals()
    if spec.engine:
        launcher = EveryLauncher()
        folder = launcher.start(spec, log_root, Path.cwd())
        if not wait:
            _show_job(folder, as_json)
            return
        has_ended = partial(_has_job_ended, folder, launcher)
    else:
        folder, trainer = start_trainer(spec, log_root)
        has_ended = partial(_has_process_ended, trainer)
    say(f"{folder.path}", err=as_json)
    restarts = wait and bool(spec.restart or spec.engine)  # a job may be requeued
    try:
        state = _follow(folder, has_ended, until_ended=wait, restarts=restarts, quiet=as_json)
    except KeyboardInterrupt:
        if stops:
            _stop(folder)
            return
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


def _stop(folder: RunFolder) -> None:
    """Stop the training with a checkpoint; report each step."""
    usual = read_settings()[0].stop
    patience = Patience(after_request=usual.request_seconds, after_terminate=usual.terminate_seconds)
    stop_in_steps(folder, patience, lambda step: say(step, err=True))
    say(f"{folder.name} has ended", err=True)


def _has_process_ended(trainer: subprocess.Popen[bytes]) -> bool:
    return trainer.poll() is not None


def _has_job_ended(folder: RunFolder, launcher: Launcher) -> bool:
    """Return whether the engine has ended the job of a run; one that can't be asked may still train it."""
    try:
        return folder.path not in launcher.active([folder])
    except (UserError, OSError):
        return False


def _show_job(folder: RunFolder, as_json: bool) -> None:
    """Show where the job of a run is that an engine was asked to train."""
    job = read_job(folder)
    say(f"{folder.path}", err=as_json)
    value = {"run": str(folder.path), "name": folder.name, "status": "waiting", "job": None if job is None else job.id}
    text = JOBS.text(folder) or "was submitted"
    show_result(f"{folder.name} {text}; open it with humanoid-tui attach {folder.name}", value, as_json)


def _follow(
    folder: RunFolder, has_process_ended: Callable[[], bool], *, until_ended: bool, restarts: bool, quiet: bool
) -> RunState:
    """Print progress until the environment is built or, with `until_ended`, until the training has ended.

    One that `restarts` has not ended as long as its process lives, or its job. Raises `UserError` if the trainer
    dies.
    """
    state, lines = RunState(), ProgressLines()
    with Follower(folder) as follower, lines:
        while True:
            has_ended = has_process_ended()  # before polling: it may write frames and then end
            frames = follower.poll(1.0)
            for frame in frames:
                state.apply(frame)
                if not quiet:
                    lines.show(frame, state)
            phase = state.phase.phase if state.phase else "building"
            if restarts and not has_ended:
                continue
            if phase in TERMINAL_PHASES or (phase == "training" and not until_ended):
                return state
            if not frames and not follower.is_live and (has_ended or state.started is not None):
                raise UserError(f"the trainer of {folder.name} died", hint=f"see {folder.console}")
