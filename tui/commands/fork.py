"""`fork`: start a new run from a checkpoint of another."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from tui.commands.shared.output import json_option, logs_option
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.start import evaluate_every_option, fast_option, rollout_every_option, start
from tui.session.backends.devices import list_devices
from tui.session.launching.continuing import continued_spec
from tui.session.launching.knob_values import known_values, split_settings
from tui.session.launching.spec_checks import check_device, checked_spec
from tui.session.runs.checkpoints import BEST, LATEST
from tui.session.runs.run_index import find_run, read_state


@click.command("fork")
@click.argument("run")
@click.option("--at", default=LATEST, show_default=True, metavar="ITERATION|latest|best", help="The checkpoint.")
@click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="Knob value instead of the checkpoint's.")
@click.option(
    "--iterations",
    type=click.IntRange(min=1),
    help="Additional iterations; default: those left at the checkpoint.",
)
@click.option("--name", help="Appended to the new run's folder name; default: the run's.")
@click.option("--device", help="cpu or cuda:N; default: the run's.")
@click.option("--num-envs", type=click.IntRange(min=1), help="Environments per process; default: the run's.")
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), help="Random seed; default: the run's.")
@evaluate_every_option
@fast_option
@rollout_every_option
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
@logs_option
@json_option
def fork_command(
    run: str,
    at: str,
    settings: tuple[str, ...],
    iterations: int | None,
    name: str | None,
    device: str | None,
    num_envs: int | None,
    seed: int | None,
    evaluate_every: int | None,
    fast: bool | None,
    rollout_every: int | None,
    wait: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Start a new run from a checkpoint of another run.

    It gets the knob values of the checkpoint. The other run may be training.
    """
    if at not in (LATEST, BEST) and not re.fullmatch(r"\d+", at):
        raise click.UsageError(f"--at: expected an iteration, {LATEST} or {BEST}, got {at}")
    folder = find_run(run, log_root)
    state = read_state(folder)
    spec = continued_spec(
        folder, state, iterations, at, evaluate_every=evaluate_every, rollout_every=rollout_every, fast=fast
    )
    report_skipped(Path(spec.checkpoint), at)
    changed = msgspec.structs.replace(
        spec,
        set=known_values(split_settings(settings), state.knobs) if settings else {},
        name=spec.name if name is None else name,
        device=spec.device if device is None else device,
        num_envs=spec.num_envs if num_envs is None else num_envs,
        seed=spec.seed if seed is None else seed,
    )
    changed = checked_spec(changed)
    check_device(changed, list_devices(), hint="choose one with --device")
    start(changed, folder.path.parents[1], wait=wait, as_json=as_json)
