"""`robot`: show one state of the robot of a running training."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.robot import SELECTIONS, RobotState, Scene, Selection
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.robot.live import LiveRobot
from tui.session.runs.run_index import find_run

_LOOK_SECONDS = 0.05
_WIDTH, _MOST_LINES = 100, 100


@click.command("robot")
@click.argument("run")
@click.option(
    "--env",
    "environment",
    default="0",
    show_default=True,
    help="Environment: its number, random, best, worst, tilted, noise-free, or a terrain type or task.",
)
@click.option(
    "--patience",
    type=FiniteRange(min=0.0),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the state, which comes with the next step of the environments.",
)
@logs_option
@json_option
def robot_command(run: str, environment: str, patience: float, log_root: Path, as_json: bool) -> None:
    """Show one state of the robot of a running training."""
    from tui.session.robot.frame import frame_record  # imports numpy, which `--help` needn't wait for
    from tui.session.robot.readout import Moment, readout

    scene, state = _next_state(find_run(run, log_root), selection_of_text(environment), patience)
    lines = readout(Moment(scene, state, [state]), _WIDTH, _MOST_LINES)
    text = "\n".join("".join(piece for piece, _ in line).rstrip() for line in lines)
    show_result(text, frame_record(scene, state) if as_json else None, as_json)


def selection_of_text(text: str) -> Selection:
    """Return the selection that a user names; a number is an environment, an unknown word a type."""
    if text.lstrip("-").isdecimal():
        return Selection("env", text)
    if text in SELECTIONS and text not in ("env", "type"):
        return Selection(text, str(os.getpid()) if text == "random" else "")
    return Selection("type", text)


def _next_state(folder: RunFolder, selection: Selection, patience: float) -> tuple[Scene, RobotState]:
    """Return the next state. Raises `UserError` if none can come, or none has come in time.

    One of another environment than the selected one is refused too: a script would take it for that.
    """
    deadline = time.monotonic() + patience
    with closing(LiveRobot(folder, selection)) as robot:
        while True:
            states = robot.take()
            if problem := robot.problem or robot.notice:
                raise UserError(f"{folder.name}: {problem}")
            if states and robot.scene is not None:
                return robot.scene, states[-1]
            if time.monotonic() > deadline:
                raise UserError(f"{folder.name}: no step of the environments in {patience:g} s: is it paused?")
            time.sleep(_LOOK_SECONDS)
