"""`motion`: make a motion for a robot to track."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import click
import msgspec

from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.motion_request import MOTION, MOTIONS, MotionName, MotionRequest
from tui.commands.shared.new_file import check_new_file
from tui.commands.shared.output import json_option, show_result
from tui.commands.shared.progress_line import progress_line


@click.command("motion")
@click.argument("motion", type=click.Choice(MOTIONS))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write: .npz.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Seed of the search.")
@click.option(
    "--generations",
    type=click.IntRange(0, 100_000),
    default=30,
    show_default=True,
    help="Steps of the search, seconds each; 0 plays the keyframes that it begins with.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@json_option
def motion_command(motion: MotionName, output: Path, seed: int, generations: int, force: bool, as_json: bool) -> None:
    """Make a motion of the G1 by trajectory optimisation in MuJoCo, without capture data.

    The file is in mjlab's motion format. Tracking tasks take it as --override env.commands.motion.motion_file=FILE.
    """
    check_new_file(output, force, ".npz")
    if not output.resolve().parent.is_dir():
        raise click.UsageError(f"no such folder: {output.resolve().parent}")
    from tui.session.backends.work import do_work

    request = MotionRequest(motion=motion, output=str(output.resolve()), seed=seed, generations=generations)
    interrupt_on_signals()
    with progress_line(f"motion {motion}", quiet=as_json) as report:
        made = do_work(MOTION, request, "mjlab", report, Event())
    ending = "stands at the end" if made.is_standing else "does not stand at the end"
    text = (
        f"{output}: {made.frames} frames, {made.seconds:.2f} s; {made.turns:.2f} turns, "
        f"{made.flight:.2f} s of flight, centre of mass up to {made.apex:.2f} m; {ending}"
    )
    show_result(text, {"path": str(output), **msgspec.structs.asdict(made)}, as_json)
