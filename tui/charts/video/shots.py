"""What the frames of a film show: which state, seen from where."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer_proc.contract.robot import is_planar
from trainer_proc.contract.rollout import Rollout
from tui.charts.robot.camera import VIEWS, Projection
from tui.charts.robot.focus import FOCUS_SECONDS, focus_of
from tui.charts.robot.framing import framing_of
from tui.charts.robot.poses import place, poses_of, solids_of
from tui.session.robot.recorded import history_of

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

    A frame shows the newest state at its time.
    """
    scene, history = rollout.scene, history_of(rollout)
    solids = solids_of(scene)
    first = next((poses for state in rollout.states if (poses := poses_of(state, len(scene.bodies))) is not None), None)
    if first is None:  # no state can be drawn: the frames are empty
        return []
    framing = framing_of(solids, place(solids, first), has_arrows=is_planar(scene.command))
    frames = range(math.floor(history.last * fps + _EARLY) + 1)
    shown = [history.index_at(number / fps + _EARLY) for number in frames]
    turns = camera in _TURNING
    recent = {state: [history[index] for index in history.since(state, FOCUS_SECONDS)] for state in set(shown)}
    focuses = {state: focus_of(states, scene, turns=turns) for state, states in recent.items()}
    return [Shot(state, framing.projection(_CAMERAS[camera], focuses[state], width, height)) for state in shown]
