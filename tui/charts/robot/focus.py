"""What the camera follows: the robot's place and heading, without the sway of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene
from tui.charts.robot.poses import poses_of, yaw_of

FOCUS_SECONDS = 0.5
"""Simulated seconds over which place and heading are averaged: about one step of a humanoid."""


@dataclass(frozen=True)
class Focus:
    """What the camera looks at, and from where its azimuth is counted."""

    place: tuple[float, float]
    """World x and y, metres."""
    heading: float
    """Radians."""


def focus_of(recent: Sequence[RobotState], scene: Scene, *, turns: bool) -> Focus:
    """Return the mean place and heading of the root in these states of one episode; the origin if none can be drawn.

    The heading is 0 unless the camera `turns` with the robot.
    """
    drawn = [poses for state in recent if (poses := poses_of(state, len(scene.bodies))) is not None and len(poses)]
    if not drawn:
        return Focus((0.0, 0.0), 0.0)
    place = np.mean([poses[0, :2] for poses in drawn], axis=0)
    yaws = [yaw_of(poses[0, 3:]) for poses in drawn]
    heading = math.atan2(sum(map(math.sin, yaws)), sum(map(math.cos, yaws))) if turns else 0.0
    return Focus((float(place[0]), float(place[1])), heading)
