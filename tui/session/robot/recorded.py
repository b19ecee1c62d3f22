"""Rollout files as histories that play in step: each begins at time 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from trainer_proc.contract.rollout import Rollout, read_rollout
from tui.session.robot.history import RobotHistory
from tui.session.text import plain


@dataclass(frozen=True)
class RecordedRobot:
    """A rollout with its states on an axis of its own."""

    rollout: Rollout
    history: RobotHistory
    title: str


def recorded_robot(path: Path) -> RecordedRobot:
    """Read a rollout file. Raises `RolloutError`."""
    rollout = read_rollout(path)
    return RecordedRobot(rollout, history_of(rollout), title_of(rollout))


def history_of(rollout: Rollout) -> RobotHistory:
    """Return all states of a rollout, from time 0 on."""
    first = rollout.states[0].step
    history = RobotHistory(rollout.scene.step_seconds, seconds=math.inf)
    history.add(replace(state, step=state.step - first) for state in rollout.states)
    return history


def title_of(rollout: Rollout) -> str:
    """Return why a rollout ends early, and what distinguishes it: policy, run, held command, terrain and pushes."""
    header = rollout.header
    command = f"command {', '.join(f'{value:g}' for value in header.command)}" if header.command else ""
    pushes = f"{len(header.pushes)} push{'es' * (len(header.pushes) > 1)}" if header.pushes else ""
    parts = (rollout.problem, header.policy, header.run, command, header.terrain, pushes)
    return plain("  ".join(part for part in parts if part))
