"""`launch`: start a training."""

from __future__ import annotations

from pathlib import Path

import click

from presets import load_preset
from presets.preset import FRONTENDS, LIBRARIES, PHYSICS
from tui.commands.shared.auto_environments import EnvironmentCount, with_auto_environments, with_records
from tui.commands.shared.experiment_options import experiment_options
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.start import evaluate_every_option, fast_option, rollout_every_option, start
from tui.commands.shared.start_experiment import start_experiment
from tui.commands.shared.tyro_arguments import TyroCommand
from tui.commands.shared.write_sky import write_sky
from tui.session.backends.devices import list_devices
from tui.session.engines.resources import ENGINES, LOCAL, engine_table
from tui.session.experiments.make import ExperimentChoice, make_experiment
from tui.session.launching.knob_values import parse_bounds, parse_settings
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.override_text import parse_overrides
from tui.session.launching.spec_checks import engine_devices
from tui.session.probing.choose import AUTO
from tui.session.runs.checkpoints import LATEST, checkpoint_to_start_from
from tui.session.settings.config import read_config


@click.command("launch", cls=TyroCommand)
@click.argument("preset")
@click.argument("arguments", nargs=-1, metavar="[env.PATH=VALUE]...")
@click.option("--task", help="Another task; numbers, physics and library stay the preset's.")
@click.option(
    "--num-envs",
    type=EnvironmentCount(),
    help="Environments per process, or auto: the fastest number; default: the preset's.",
)
@click.option("--probe-again", is_flag=True, help="With --num-envs auto: measure again instead of a stored result.")
@click.option("--iterations", type=click.IntRange(min=1), help="PPO iterations; default: the preset's.")
@click.option("--device", help="cpu or cuda:N; default: the first GPU, else the CPU.")
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=42, show_default=True)
@click.option("--name", default="", help="Appended to the run's folder name; of an experiment: its name.")
@click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="Initial value of a knob.")
@click.option("--bound", "bounds", multiple=True, metavar="KNOB=LOW:HIGH", help="Allowed values; KNOB may contain *.")
@click.option(
    "--override", "overridden", multiple=True, metavar="PATH=VALUE", help="Value in the task's configuration."
)
@click.option("--physics", help=f"Isaac Lab's physics: {' or '.join(PHYSICS)}; default: the task's.")
@click.option("--library", help=f"RL library on Isaac Lab: {', '.join(LIBRARIES)}.")
@click.option("--frontend", help=f"What runs Isaac Lab's managers: {' or '.join(FRONTENDS)}; default: torch.")
@click.option("--checkpoint", metavar="FILE|RUN", help="Start from a checkpoint file or a run's newest checkpoint.")
@click.option("--other-task", is_flag=True, help="Accept a checkpoint of another task.")
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Processes, one per GPU.")
@click.option("--engine", type=click.Choice(ENGINES), default=LOCAL, show_default=True, help="Where it trains.")
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="NAME=VALUE",
    help="Resource of the engine's job.",
)
@evaluate_every_option
@fast_option
@rollout_every_option
@experiment_options
@click.option("--write-sky", "sky_file", metavar="FILE.yaml", help="Write a SkyPilot task that makes this launch.")
@click.option("--force", is_flag=True, help="With --write-sky: replace an existing file.")
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
@click.option("--foreground", is_flag=True, help="Wait, and stop the training with a checkpoint on SIGTERM or Ctrl+C.")
@logs_option
@json_option
def launch_command(
    preset: str,
    arguments: tuple[str, ...],
    task: str | None,
    num_envs: int | str | None,
    probe_again: bool,
    iterations: int | None,
    device: str | None,
    seed: int,
    name: str,
    settings: tuple[str, ...],
    bounds: tuple[str, ...],
    overridden: tuple[str, ...],
    physics: str | None,
    library: str | None,
    frontend: str | None,
    checkpoint: str | None,
    other_task: bool,
    processes: int,
    engine: str,
    resources: tuple[str, ...],
    evaluate_every: int | None,
    fast: bool | None,
    rollout_every: int | None,
    choice: ExperimentChoice,
    sky_file: str | None,
    force: bool,
    wait: bool,
    foreground: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Start a training. It outlives this command and the terminal.

    Configuration values may follow the preset: env.PATH=VALUE and agent.PATH=VALUE, or --env.PATH VALUE as in mjlab's
    script. Isaac Lab also accepts the arguments of its own scripts, such as presets=NAME.

    With --seeds, --sweep or --population, start an experiment of several trainings, which a queue trains in order. With
    --write-sky, nothing starts on this machine.
    """
    if foreground and (choice.is_experiment or engine != LOCAL):
        raise click.UsageError("--foreground is for a single training on this machine")
    if probe_again and num_envs != AUTO:
        raise click.UsageError(f"--probe-again needs --num-envs {AUTO}")
    is_experiment = choice.is_experiment
    start_from = checkpoint_to_start_from(checkpoint, log_root) if checkpoint else None
    if checkpoint and start_from is not None and not Path(checkpoint).is_file():
        report_skipped(start_from, LATEST)
    table = engine_table(engine, resources, read_config().engines, device=device)
    overrides = Overrides(
        num_envs=num_envs if isinstance(num_envs, int) else None,
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
        frontend=frontend,
        arguments=arguments,
        other_task=other_task,
        evaluate_every=evaluate_every,
        fast=fast,
        rollout_every=rollout_every,
        engine=table,
    )
    if sky_file is not None:
        if table:
            raise click.UsageError("--write-sky and --engine exclude each other")
        write_sky(sky_file, preset, overrides, replaces=force, as_json=as_json)
        return
    if force:
        raise click.UsageError("--force needs --write-sky")
    if num_envs == AUTO and table:
        raise click.UsageError(f"--num-envs {AUTO} measures on this machine: give a number with --engine")
    devices = engine_devices(table) if table else list_devices()
    loaded = load_preset(preset)
    spec = make_spec(loaded, overrides, devices)
    if num_envs == AUTO:
        spec = with_auto_environments(spec, devices, again=probe_again, quiet=as_json)
    else:
        spec = with_records(spec, loaded, devices, log_root, is_given=num_envs is not None, quiet=as_json)
    if is_experiment:
        experiment = make_experiment(spec, choice, devices, log_root, any_device=device is None)
        start_experiment(experiment, log_root, wait=wait, as_json=as_json)
    else:
        start(spec, log_root, wait=wait or foreground, stops=foreground, as_json=as_json)
