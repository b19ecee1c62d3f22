"""`video`: make a film of rollouts."""

from __future__ import annotations

import re
from pathlib import Path

import click

from curricula.errors import UsageError
from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.video_request import LARGEST, SMALLEST
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, show_result
from tui.commands.shared.progress_line import progress_line

_SUFFIXES = (".mp4", ".gif", ".svg", ".png")
_MOST = 4


@click.command("video")
@click.argument("rollouts", metavar="ROLLOUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="File: .mp4, .gif, .svg or .png.")
@click.option("--size", default="640x480", show_default=True, metavar="WIDTHxHEIGHT", help="Pixels of each rollout.")
@click.option(
    "--camera",
    type=click.Choice(("follow", "side", "front")),
    default="follow",
    show_default=True,
    help="Moves with the robot; side and front turn with it.",
)
@click.option("--fps", type=FiniteRange(1, 100), default=25.0, show_default=True, help="Frames per second.")
@click.option("--at", type=FiniteRange(min=0), help="Time of a .png (s); default: the middle of the rollout.")
@click.option("--drawn", is_flag=True, help="Draw simple shapes, without MuJoCo and OpenGL; a .svg always does.")
@json_option
def video_command(
    rollouts: tuple[Path, ...],
    output: Path,
    size: str,
    camera: str,
    fps: float,
    at: float | None,
    drawn: bool,
    as_json: bool,
) -> None:
    """Make a film of rollouts, side by side in step.

    It shows command and velocity too. MuJoCo renders the task's own model without a display, on a GPU or a CPU.
    """
    width, height = _parse_size(size)
    _check_output(output, len(rollouts))
    read = tuple(read_rollout(path) for path in rollouts)
    # these import numpy: too slow for --help
    from tui.charts.video.video import VideoPlan, make_video

    plan = VideoPlan(
        paths=rollouts,
        rollouts=read,
        output=output,
        width=width,
        height=height,
        camera=camera,
        fps=fps,
        is_drawn=drawn or output.suffix == ".svg",
        at=at,
    )
    interrupt_on_signals()
    with progress_line(f"video of {rollouts[0].name}", quiet=as_json) as report:
        video = make_video(plan, report)
    problems = [f"{path}: {rollout.problem}" for path, rollout in zip(rollouts, read, strict=True) if rollout.problem]
    notes = [*problems, *video.notes]
    count = "1 frame" if video.frames == 1 else f"{video.frames} frames"
    text = "\n".join([f"{output}: {count}, {video.renderer}", *(f"  {note}" for note in notes)])
    record = {"path": str(output), "frames": video.frames, "renderer": video.renderer, "notes": notes}
    show_result(text, record, as_json)


def _check_output(output: Path, rollouts: int) -> None:
    """Raise `UsageError` if the film of so many rollouts can't be written to this file."""
    if output.suffix not in _SUFFIXES:
        raise UsageError(f"expected a name that ends in {', '.join(_SUFFIXES)}, got {output.name}")
    most = 1 if output.suffix == ".svg" else _MOST
    if rollouts > most:
        raise UsageError(f"expected up to {most} rollouts for {output.suffix}, got {rollouts}")
    if output.is_dir():
        raise UsageError(f"expected a file, got a folder: {output}")
    if not output.resolve().parent.is_dir():
        raise UsageError(f"no such folder: {output.resolve().parent}")


def _parse_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise UsageError(f"expected WIDTHxHEIGHT of {SMALLEST} to {LARGEST} pixels, such as 640x480, got {text}")
    return width, height
