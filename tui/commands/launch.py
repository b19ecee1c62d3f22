"""`launch`: start a training."""

from __future__ import annotations

from pathlib import Path

import click

from presets import load_preset
from presets.preset import LIBRARIES, PHYSICS
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.start import evaluate_every_option, rollout_every_option, start
from tui.commands.shared.tyro_arguments import TyroCommand
from tui.session.backends.devices import list_devices
from tui.session.launching.knob_values import parse_bounds, parse_settings
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.override_text import parse_overrides
from tui.session.runs.checkpoints import LATEST, checkpoint_to_start_from


@click.command("launch", cls=TyroCommand)
@click.argument("preset")
@click.argument("arguments", nargs=-1, metavar="[env.PATH=VALUE]...")
@click.option("--task", help="Task to train instead of the preset's, with its numbers, physics and library.")
@click.option("--num-envs", type=click.IntRange(min=1), help="Environments per process; default: the preset's.")
@click.option("--iterations", type=click.IntRange(min=1), help="PPO iterations; default: the preset's.")
@click.option("--device", help="cpu or cuda:N; default: the first GPU, else the CPU.")
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=42, show_default=True)
@click.option("--name", default="", help="Appended to the run's folder name.")
@click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="Initial value of a knob.")
@click.option("--bound", "bounds", multiple=True, metavar="KNOB=LOW:HIGH", help="Allowed values; KNOB may contain *.")
@click.option(
    "--override", "overridden", multiple=True, metavar="PATH=VALUE", help="Value in the task's configuration."
)
@click.option("--physics", help=f"Isaac Lab's physics: {' or '.join(PHYSICS)}; default: the task's.")
@click.option("--library", help=f"RL library on Isaac Lab: {', '.join(LIBRARIES)}.")
@click.option("--checkpoint", metavar="FILE|RUN", help="Start from a checkpoint file or a run's newest checkpoint.")
@click.option("--other-task", is_flag=True, help="Accept a checkpoint of another task.")
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="One per GPU.")
@evaluate_every_option
@rollout_every_option
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
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
    other_task: bool,
    processes: int,
    evaluate_every: int | None,
    rollout_every: int | None,
    wait: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Start a training. It outlives this command and the terminal.

    Configuration values may follow the preset: env.PATH=VALUE and agent.PATH=VALUE, or --env.PATH VALUE as in mjlab's
    script. Isaac Lab also accepts the arguments of its own scripts, such as presets=NAME.
    """
    start_from = checkpoint_to_start_from(checkpoint, log_root) if checkpoint else None
    if checkpoint and start_from is not None and not Path(checkpoint).is_file():
        report_skipped(start_from, LATEST)
    overrides = Overrides(
        num_envs=num_envs,
        iterations=iterations,
        device=device,
        seed=seed,
        name=name,
        set=parse_settings(settings),
        bounds=parse_bounds(bounds),
        checkpoint=str(start_from or ""),
        processes=processes,
        overrides=parse_overrides(overridden),
        task=task,
        physics=physics,
        library=library,
        arguments=arguments,
        other_task=other_task,
        evaluate_every=evaluate_every,
        rollout_every=rollout_every,
    )
    start(make_spec(load_preset(preset), overrides, list_devices()), log_root, wait=wait, as_json=as_json)
