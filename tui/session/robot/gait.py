"""The gait diagram: when each foot was in contact."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene
from tui.session.robot.lines import Line
from tui.session.robot.values import values_of
from tui.session.text import distinct_parts, plain, shortened_names

TOUCHES = 1.0
"""Newtons from which a foot counts as in contact."""
GAIT_SECONDS = 3.0
_LONGEST_NAME = 12
_FEWEST_CELLS = 8
_TOUCHING, _IN_THE_AIR, _UNKNOWN = "█", "·", " "


def touching(scene: Scene, state: RobotState) -> list[bool] | None:
    """Return for each foot whether it is in contact; None if that is unknown."""
    forces = values_of(state.contacts, len(scene.feet))
    return None if forces is None else (np.abs(forces) > TOUCHES).tolist()


def gait_lines(scene: Scene, recent: Sequence[RobotState], width: int) -> list[Line]:
    """Return a line for each foot, the present at its right end; nothing where contacts are unknown."""
    feet = [scene.bodies[foot] if 0 <= foot < len(scene.bodies) else "?" for foot in scene.feet]
    known = [(state.step * scene.step_seconds, touching(scene, state)) for state in recent]
    if not feet or not any(contacts is not None for _, contacts in known):
        return []
    feet = distinct_parts([plain(foot) for foot in feet])
    room = min(max(map(len, feet)), _LONGEST_NAME, max(width - _FEWEST_CELLS - 1, 1))
    cells = width - room - 1
    if cells < 1:
        return []
    names = shortened_names(feet, room)
    # cells are slots of the time axis, so that a contact does not change its look while it moves along
    seconds = GAIT_SECONDS / cells
    end = math.floor(known[-1][0] / seconds)
    rows = [[_UNKNOWN] * cells for _ in feet]
    for time, contacts in known:
        slot = cells - 1 - (end - math.floor(time / seconds))
        if contacts is not None and 0 <= slot < cells:
            for row, is_touching in zip(rows, contacts, strict=True):
                row[slot] = _TOUCHING if is_touching else _IN_THE_AIR
    return [((f"{name:<{room}} ", "label"), (_bridged(row), "contact")) for name, row in zip(names, rows, strict=True)]


def _bridged(row: list[str]) -> str:
    """Return a row in which each slot without a state continues the one before it."""
    for place in range(1, len(row)):
        if row[place] == _UNKNOWN:
            row[place] = row[place - 1]
    return "".join(row)
