"""Commands that start a training: launch, and resume of a run that has ended."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from presets import load_preset
from presets.preset import LIBRARIES, PHYSICS
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import TERMINAL_PHASES, IterationFinished, PhaseChanged
from trainer_proc.contract.requests import Resume
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.commands.output import Failed, json_option, logs_option, say
from tui.commands.requests import ask_trainer
from tui.session.backends.devices import list_devices
from tui.session.follow import Follower
from tui.session.launching.continuing import continued_spec
from tui.session.launching.knob_values import parse_bounds, parse_settings
from tui.session.launching.launcher import Overrides, make_spec, start_trainer
from tui.session.launching.override_text import parse_overrides
from tui.session.runs.checkpoints import checkpoint_to_start_from
from tui.session.runs.run_index import find_run, read_state
from tui.session.state import RunState


@click.command("launch")
@click.argument("preset")
@click.argument("arguments", nargs=-1, metavar="[env.PATH=VALUE]...")
@click.option("--task", help="Another task, with the preset's numbers, physics and library.")
@click.option("--num-envs", type=click.IntRange(min=1), help="Environments of each process; the preset's number.")
@click.option("--iterations", type=click.IntRange(min=1), help="PPO iterations; the preset's.")
@click.option("--device", help="cpu or cuda:N; the first GPU, or the CPU.")
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=42, show_default=True)
@click.option("--name", default="", help="Appended to the run's folder name.")
@click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="A knob's value from the start on.")
@click.option("--bound", "bounds", multiple=True, metavar="KNOB=LOW:HIGH", help="What a knob takes; KNOB may have a *.")
@click.option(
    "--override", "overridden", multiple=True, metavar="PATH=VALUE", help="A value of the task's configuration."
)
@click.option("--physics", help=f"Isaac Lab's: {' or '.join(PHYSICS)}; the task's own.")
@click.option("--library", help=f"What trains on Isaac Lab: {', '.join(LIBRARIES)}.")
@click.option("--checkpoint", metavar="FILE|RUN", help="Start from a checkpoint file, or from a run's newest.")
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="One for each GPU.")
@click.option("--wait", is_flag=True, help="Return when the training has ended.")
@logs_option
@json_option
def launch_command(
    preset: str,
    arguments: tuple[str, ...],
    task: str | None,
    num_envs: int | None,
    iterations: int | None,
    device: str | None,
    seed: int,
    name: str,
    settings: tuple[str, ...],
    bounds: tuple[str, ...],
    overridden: tuple[str, ...],
    physics: str | None,
    library: str | None,
    checkpoint: str | None,
    processes: int,
    wait: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Start a training. It outlives this command and the terminal.

    Values of the task's configuration may follow the preset: env.PATH=VALUE and agent.PATH=VALUE; with Isaac Lab
    whatever its own scripts take, presets=NAME too.
    """
    overrides = Overrides(
        num_envs,
        iterations,
        device,
        seed,
        name,
        parse_settings(settings),
        parse_bounds(bounds),
        str(checkpoint_to_start_from(checkpoint, log_root)) if checkpoint else "",
        processes,
        parse_overrides(overridden),
        task,
        physics,
        library,
        arguments,
    )
    start(make_spec(load_preset(preset), overrides, list_devices()), log_root, wait, as_json)


@click.command("resume")
@click.argument("run")
@click.option("--iterations", type=click.IntRange(min=1), help="For a run that has ended: how many more.")
@click.option("--wait", is_flag=True, help="Return when the training has ended.")
@logs_option
@json_option
def resume_command(run: str, iterations: int | None, wait: bool, log_root: Path, as_json: bool) -> None:
    """Let a paused training go on, or start an ended one again from its newest checkpoint, in a new folder."""
    folder = find_run(run, log_root)
    if read_connection(folder) is None:
        start(continued_spec(folder, read_state(folder), iterations), folder.path.parents[1], wait, as_json)
        return
    if iterations is not None or wait:
        raise click.UsageError(f"{folder.name} still trains: --iterations and --wait are for a run that has ended")
    ask_trainer(folder, Resume())
    say(f"{folder.name} goes on", {"run": str(folder.path), "accepted": "resume"}, as_json)


def start(spec: RunSpec, log_root: Path, wait: bool, as_json: bool) -> None:
    """Start a training, tell what it does until it trains or, with `wait`, has ended, and then where it is."""
    folder, trainer = start_trainer(spec, log_root)
    click.echo(f"{folder.path}", err=as_json)
    try:
        state = _follow(folder, trainer, until_ended=wait, quiet=as_json)
    except KeyboardInterrupt:
        click.echo(f"The training goes on: humanoid-tui attach {folder.name}", err=True)
        raise
    status = state.status(is_alive=True)
    if status in ("failed", "killed"):
        reason = state.phase.detail if state.phase else ""
        raise Failed(f"{folder.name} {status}: {reason or 'see'} ({folder.console})")
    result = {"run": str(folder.path), "name": folder.name, "status": status, "iteration": state.iteration}
    hint = "" if wait else f"; watch it with humanoid-tui attach {folder.name}"
    say(f"{folder.name} is {status}{hint}", result, as_json)


def _follow(folder: RunFolder, trainer: subprocess.Popen[bytes], until_ended: bool, quiet: bool) -> RunState:
    """Tell what the trainer does until it has built its environment, or has ended. Raises `Failed` if it dies."""
    state = RunState()
    with Follower(folder) as follower:
        while True:
            has_ended = trainer.poll() is not None  # asked first, as it may say something and then end
            frames = follower.poll(1.0)
            for frame in frames:
                state.apply(frame)
                if not quiet:
                    _tell(state, frame.body)
            phase = state.phase.phase if state.phase else "building"
            if phase in TERMINAL_PHASES or (phase == "training" and not until_ended):
                return state
            if not frames and not follower.is_live and (has_ended or state.started is not None):
                raise Failed(f"the trainer of {folder.name} died; see {folder.console}")


def _tell(state: RunState, body: object) -> None:
    if isinstance(body, PhaseChanged):
        modules = f" ({body.kernel_modules} kernel modules)" if body.kernel_modules else ""
        click.echo(f"{body.phase}{': ' if body.detail else ''}{body.detail}{modules}")
    elif isinstance(body, IterationFinished):
        reward = state.latest.get("Train/mean_reward")
        click.echo(f"iteration {body.iteration}" + (f", reward {reward:.4g}" if reward is not None else ""))
