"""`robot`: show one state of the robot of a running training."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.robot import SELECTIONS, RobotState, Scene, Selection
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.progress_line import progress_line
from tui.session.robot.live import NOT_LIVE, LiveRobot
from tui.session.runs.run_index import find_run
from tui.session.starting import StartingRun

_LOOK_SECONDS = 0.05
_QUICK_SECONDS = 1.0
"""A training run sends a state within it; only without one is the journal read, which may be long."""
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
    help="Seconds to wait for the next step of the environments, once the run has started.",
)
@logs_option
@json_option
def robot_command(run: str, environment: str, patience: float, log_root: Path, as_json: bool) -> None:
    """Show one state of the robot of a running training.

    A run that is still starting is waited for; Ctrl+C ends that.
    """
    from tui.session.robot.frame import frame_record  # imports numpy, which `--help` needn't wait for
    from tui.session.robot.readout import Moment, readout

    folder = find_run(run, log_root)
    with progress_line(f"waiting for {folder.name}", quiet=as_json) as report:
        scene, state = _next_state(folder, selection_of_text(environment), patience, report)
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


def _next_state(
    folder: RunFolder, selection: Selection, patience: float, report: Callable[[Progress], None]
) -> tuple[Scene, RobotState]:
    """Return the next state. Raises `UserError` if none can come, or none has come in time.

    `report` gets what a starting run does. A state of another environment than the selected one is refused too: a
    script would take it for that.
    """
    began = since = time.monotonic()
    with closing(LiveRobot(folder, selection)) as robot, StartingRun(folder) as start:
        while True:
            states = robot.take()
            problem = robot.problem or robot.notice
            if problem not in ("", NOT_LIVE):
                raise UserError(f"{folder.name}: {problem}")
            if states and robot.scene is not None:
                return robot.scene, states[-1]
            if problem or time.monotonic() >= began + min(patience, _QUICK_SECONDS):
                if doing := start.doing():
                    report(Progress(0, 0, doing))
                    since = time.monotonic()
                elif problem:
                    raise UserError(f"{folder.name}: {start.failure or problem}")
                elif time.monotonic() >= since + patience:
                    raise UserError(f"{folder.name}: no step of the environments in {patience:g} s: is it paused?")
            time.sleep(_LOOK_SECONDS)
