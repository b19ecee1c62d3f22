"""Lines around the robot that films share: the grid on the ground, arrows of velocities."""

from __future__ import annotations

import math

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene, is_planar
from trainer_proc.contract.terrain import Terrain
from tui.charts.robot.camera import Projection
from tui.charts.robot.ground import METRES_A_SPEED
from tui.charts.robot.poses import poses_of, yaw_of
from tui.charts.video.pixels import Floats
from tui.session.robot.values import values_of

_SPACING = 0.5
"""Metres between lines on the ground."""
_MOST_LINES = 40
"""In each direction: then they are farther apart."""
_RADIUS = 1.7
"""Of the visible ground in half heights of the picture."""
_SHORTEST = 0.02
_HEAD = 0.09
_OPENING = math.radians(150)


def ground_lines(projection: Projection, terrain: Terrain | None = None) -> Floats:
    """Return the lines on the ground within sight, fixed to the world: [N, 2 ends, (column, row)].

    On terrain each is many short ones, which follow each other.
    """
    x, y, _ = projection.target
    radius = _RADIUS * projection.height / 2 / projection.dots_per_metre
    spacing = max(_SPACING, 2 * radius / _MOST_LINES)
    lines = []
    for axis, (place, other) in enumerate(((x, y), (y, x))):
        for number in range(math.ceil((place - radius) / spacing), math.floor((place + radius) / spacing) + 1):
            at = number * spacing
            half = math.sqrt(max(radius * radius - (at - place) ** 2, 0.0))
            pieces = 1 if terrain is None else math.ceil(2 * half / terrain.spacing)
            line = np.zeros((pieces + 1, 3), dtype=np.float32)
            line[:, axis] = at
            line[:, 1 - axis] = np.linspace(other - half, other + half, len(line))
            if terrain is not None:
                line[:, 2] = terrain.at(line[:, 0], line[:, 1])
            dots = projection.dots(line)
            lines.append(np.stack((dots[:-1], dots[1:]), axis=1))
    found = np.concatenate(lines) if lines else np.zeros((0, 2, 2), dtype=np.float32)
    return found[np.isfinite(found).all(axis=(1, 2))]


def arrow_lines(projection: Projection, scene: Scene, state: RobotState, *, is_command: bool) -> Floats:
    """Return the command or the velocity of the root as an arrow above it, [N, 2 ends, (column, row)].

    Empty where there is none, or no velocity command.
    """
    nothing = np.zeros((0, 2, 2), dtype=np.float32)
    values = values_of(state.command, len(scene.command)) if is_command else values_of(state.velocity, 3)
    poses = poses_of(state, len(scene.bodies))
    if values is None or poses is None or not is_planar(scene.command) or not np.isfinite(values[:2]).all():
        return nothing
    speed = float(np.hypot(values[0], values[1]))
    if speed * METRES_A_SPEED < _SHORTEST:
        return nothing
    towards = yaw_of(poses[0, 3:]) + math.atan2(float(values[1]), float(values[0]))
    top = projection.target[2] + (0.86 if is_command else 0.78) * projection.height / 2 / projection.dots_per_metre
    start = np.array((*poses[0, :2], top), dtype=np.float32)
    tip = start + _flat(towards) * speed * METRES_A_SPEED
    head = [tip + _flat(towards + side * _OPENING) * _HEAD for side in (-1, 1)]
    return projection.dots(np.array([(start, tip), *((tip, end) for end in head)], dtype=np.float32))


def _flat(angle: float) -> Floats:
    return np.array((math.cos(angle), math.sin(angle), 0.0), dtype=np.float32)
