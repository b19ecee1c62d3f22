"""A viewer of a running training's robot."""

from __future__ import annotations

from contextlib import closing

from tests.waiting import PATIENCE_SECONDS, TRAINING_SECONDS, wait_for
from trainer_proc.contract.robot import RobotState, Selection
from trainer_proc.contract.run_folder import RunFolder
from tui.session.robot.live import LiveRobot


def states_of(viewer: LiveRobot, count: int, seconds: float = PATIENCE_SECONDS) -> list[RobotState]:
    """Wait for this many states at least, the oldest first."""
    states: list[RobotState] = []

    def taken() -> bool:
        states.extend(viewer.take())
        return len(states) >= count

    wait_for(taken, f"{count} states of {viewer.selection}", seconds)
    return states


def seen(folder: RunFolder, selection: Selection, count: int) -> list[RobotState]:
    """Watch an environment of a run until this many states have come, however slow the machine."""
    with closing(LiveRobot(folder, selection)) as viewer:
        return states_of(viewer, count, TRAINING_SECONDS)
