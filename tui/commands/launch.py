"""`launch`: start a training."""

from __future__ import annotations

from pathlib import Path

import click

from presets import load_preset
from tui.commands.shared.auto_environments import with_auto_environments, with_records
from tui.commands.shared.experiment_options import experiment_options
from tui.commands.shared.launch_options import launch_options
from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.start import start
from tui.commands.shared.start_experiment import start_experiment
from tui.commands.shared.tyro_arguments import TyroCommand
from tui.commands.shared.write_sky import write_sky
from tui.session.backends.devices import list_devices
from tui.session.experiments.make import ExperimentChoice, make_experiment
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.spec_checks import engine_devices
from tui.session.probing.choose import AUTO


@click.command("launch", cls=TyroCommand)
@click.argument("preset")
@click.argument("arguments", nargs=-1, metavar="[env.PATH=VALUE]...")
@launch_options
@experiment_options
@click.option("--write-sky", "sky_file", metavar="FILE.yaml", help="Write a SkyPilot task that makes this launch.")
@click.option("--force", is_flag=True, help="With --write-sky: replace an existing file.")
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
@click.option("--foreground", is_flag=True, help="Wait, and stop the training with a checkpoint on SIGTERM or Ctrl+C.")
@logs_option
@json_option
def launch_command(
    preset: str,
    overrides: Overrides,
    num_envs: int | str | None,
    probe_again: bool,
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
    if foreground and (choice.is_experiment or overrides.engine):
        raise click.UsageError("--foreground is for a single training on this machine")
    if probe_again and num_envs != AUTO:
        raise click.UsageError(f"--probe-again needs --num-envs {AUTO}")
    if sky_file is not None:
        if overrides.engine:
            raise click.UsageError("--write-sky and --engine exclude each other")
        write_sky(sky_file, preset, overrides, replaces=force, as_json=as_json)
        return
    if force:
        raise click.UsageError("--force needs --write-sky")
    if num_envs == AUTO and overrides.engine:
        raise click.UsageError(f"--num-envs {AUTO} measures on this machine: give a number with --engine")
    devices = engine_devices(overrides.engine) if overrides.engine else list_devices()
    loaded = load_preset(preset)
    spec = make_spec(loaded, overrides, devices)
    if num_envs == AUTO:
        spec = with_auto_environments(spec, devices, again=probe_again, quiet=as_json)
    else:
        spec = with_records(spec, loaded, devices, log_root, is_given=num_envs is not None, quiet=as_json)
    if choice.is_experiment:
        experiment = make_experiment(spec, choice, devices, log_root, any_device=overrides.device is None)
        start_experiment(experiment, log_root, wait=wait, as_json=as_json)
    else:
        start(spec, log_root, wait=wait or foreground, stops=foreground, as_json=as_json)
