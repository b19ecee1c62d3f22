"""What the frames of a film show: which state, seen from where."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_proc.contract.robot import RobotState
from trainer_proc.contract.rollout import Rollout
from tui.charts.robot.camera import VIEWS, Projection
from tui.charts.robot.drawing import is_planar
from tui.charts.robot.focus import FOCUS_SECONDS, focus_of
from tui.charts.robot.framing import framing_of
from tui.charts.robot.poses import place, poses_of, solids_of

_CAMERAS = {"follow": VIEWS["default"], "side": VIEWS["side"], "front": VIEWS["front"]}
"""All move with the robot; those from the side and the front turn with it."""
_TURNING = ("side", "front")
_EARLY = 1e-6


@dataclass(frozen=True)
class Shot:
    """One frame."""

    state: int
    """Index of the state."""
    projection: Projection
    """To the pixels of the frame."""


def shots_of(rollout: Rollout, camera: str, *, width: int, height: int, fps: float) -> list[Shot]:
    """Return the shots of a film in simulated time, at least one.

    A frame shows the newest state at its time; an episode that begins in between is never missed.
    """
    scene, states = rollout.scene, rollout.states
    times = times_of(rollout)
    solids = solids_of(scene)
    first = next((poses for state in states if (poses := poses_of(state, len(scene.bodies))) is not None), None)
    if first is None:  # no state can be drawn: the frames are empty
        return []
    framing = framing_of(solids, place(solids, first), has_arrows=is_planar(scene.command))
    frames = range(math.floor(times[-1] * fps + _EARLY) + 1)
    shown = [bisect_right(times, number / fps + _EARLY) - 1 for number in frames]
    focuses = {
        state: focus_of(_recent(states, times, state), scene, turns=camera in _TURNING)
        for state in dict.fromkeys(shown)
    }
    return [Shot(state, framing.projection(_CAMERAS[camera], focuses[state], width, height)) for state in shown]


def times_of(rollout: Rollout) -> list[float]:
    """Return the simulated seconds of each state since the first."""
    first = rollout.states[0].step
    return [(state.step - first) * rollout.scene.step_seconds for state in rollout.states]


def _recent(states: Sequence[RobotState], times: Sequence[float], state: int) -> Sequence[RobotState]:
    """Return the states of the same episode up to this one, over `FOCUS_SECONDS`."""
    begin = state
    while begin > 0 and not states[begin].ended and times[state] - times[begin - 1] <= FOCUS_SECONDS:
        begin -= 1
    return states[begin : state + 1]
