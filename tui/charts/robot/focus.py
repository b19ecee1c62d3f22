"""What the camera follows: the robot's place, and its heading without the sway of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_proc.contract.robot import RobotState, Scene
from tui.charts.robot.poses import poses_of, yaw_of

FOCUS_SECONDS = 1.0
"""Simulated seconds over which the heading is averaged: some two steps of a humanoid."""


@dataclass(frozen=True)
class Focus:
    """What the camera looks at, and from where its azimuth is counted."""

    place: tuple[float, float]
    """World x and y, metres."""
    heading: float
    """Radians."""
    lowest: float = 0.0
    """Height of the lowest body, metres: where the ground is, on terrain too."""


def focus_of(recent: Sequence[RobotState], scene: Scene, *, turns: bool) -> Focus:
    """Return the last place, mean heading and mean lowest body of these states; the origin if none can be drawn.

    They are of one episode, the newest last. The heading is 0 unless the camera `turns` with the robot.
    """
    drawn = [poses for state in recent if (poses := poses_of(state, len(scene.bodies))) is not None and len(poses)]
    if not drawn:
        return Focus((0.0, 0.0), 0.0)
    place = drawn[-1][0, :2]
    yaws = [yaw_of(poses[0, 3:]) for poses in drawn]
    heading = math.atan2(sum(map(math.sin, yaws)), sum(map(math.cos, yaws))) if turns else 0.0
    lowest = sum(float(poses[:, 2].min()) for poses in drawn) / len(drawn)
    return Focus((float(place[0]), float(place[1])), heading, lowest)
