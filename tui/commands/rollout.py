"""`rollout`: record what a policy does."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

import click

from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.rollout_request import LONGEST_SECONDS, ROLLOUT, Recorded, RolloutRequest
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.progress_line import progress_line
from tui.session.backends.work import do_work
from tui.session.evaluations.targets import chosen_device, find_targets
from tui.session.rollout_text import recorded_text
from tui.session.rollouts.request import make_requests, parse_command, parse_push, parse_terrain


@click.command("rollout")
@click.argument("targets", metavar="RUN|FILE...", nargs=-1, required=True)
@click.option("--checkpoint", "checkpoints", multiple=True, help="latest, best, an iteration or a file; repeatable.")
@click.option(
    "--seconds",
    type=FiniteRange(min=0.1, max=LONGEST_SECONDS),
    default=10.0,
    show_default=True,
    help="Simulated time.",
)
@click.option("--command", metavar="FORWARD,LATERAL,YAW", help="Velocity to hold (m/s, m/s, rad/s).")
@click.option("--push", "pushes", metavar="SECONDS:FORWARD,LATERAL", multiple=True, help="Push (m/s); repeatable.")
@click.option("--terrain", metavar="TYPE:LEVEL", help="Where episodes begin, such as stairs:4.")
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True, help="Seed of the environment."
)
@click.option("--device", help="cpu or cuda:N; by default the first GPU, but the CPU while the run trains.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File or folder; by default rollouts/ of the run."
)
@logs_option
@json_option
def rollout_command(
    targets: tuple[str, ...],
    checkpoints: tuple[str, ...],
    seconds: float,
    command: str | None,
    pushes: tuple[str, ...],
    terrain: str | None,
    seed: int,
    device: str | None,
    output: Path | None,
    log_root: Path,
    as_json: bool,
) -> None:
    """Record what policies do, without exploration noise.

    One environment of the run's own task is played. The file is small, and plays without simulator and GPU:
    humanoid-tui play FILE. Without --command, the task samples its own commands.
    """
    held, pushed, place = parse_command(command), tuple(parse_push(text) for text in pushes), parse_terrain(terrain)
    found = find_targets(targets, checkpoints, log_root)
    devices = [chosen_device(target.folder, device) for target in found]
    requests = make_requests(
        found, output, devices, seconds=seconds, command=held, pushes=pushed, terrain=place, seed=seed
    )
    interrupt_on_signals()  # so that the recording process is ended with this one
    recorded = [_recorded(request, quiet=as_json) for request in requests]
    text = "\n".join(recorded_text(one, Path(os.path.relpath(one.path))) for one in recorded)
    show_result(text, {"rollouts": recorded}, as_json)


def _recorded(request: RolloutRequest, *, quiet: bool) -> Recorded:
    backend = RunFolder(Path(request.run)).read_spec().backend
    with progress_line(f"rollout of {Path(request.policy).name}", quiet) as report:
        return do_work(ROLLOUT, request, backend, report, Event())
