"""Draw one state of a robot as a grid of cells."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import RobotState, Scene, is_planar
from trainer_proc.contract.terrain import Terrain, terrain_of
from tui.charts.braille import BLANK, DOTS_ACROSS, DOTS_DOWN, braille_bits
from tui.charts.canvas import CellGrid, fit_text
from tui.charts.robot.camera import Camera, Projection
from tui.charts.robot.contacts import contact_points
from tui.charts.robot.focus import Focus
from tui.charts.robot.framing import Framing, framing_of
from tui.charts.robot.ground import (
    METRES_A_SPEED,
    arrow_points,
    cell_bits,
    foot_points,
    grid_points,
    target_points,
)
from tui.charts.robot.looks import limb_gaps, patterned, shaded
from tui.charts.robot.poses import place, poses_of, solids_of, yaw_of
from tui.charts.robot.raster import NOTHING, Raster, rasterise
from tui.charts.robot.styles import PARTS, ROBOT_STYLE_NUMBERS, parts_of
from tui.session.robot.gait import touching
from tui.session.robot.values import values_of

Floats = NDArray[np.float32]

NO_ROBOT = "this task has no robot to draw"
NOT_DRAWABLE = "poses are not finite, or farther away than 10 km"

_GROUND = 1.5
"""Radius of the visible ground in half heights of the picture."""
_FOOT = 0.14
"""Radius of the disc below a foot in half heights of the picture."""
_SPARSE = 3
"""Without colours, one of this many dots of the ground is drawn."""
_TINY = 1e-6
_LONGEST_ARROW = 0.9
"""In half heights of the picture."""


class RobotPainter:
    """Draws the states of one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._solids = solids_of(scene)
        parts = [PARTS.index(part) for part in parts_of(scene)]
        self._parts = np.array([parts[body] for body in self._solids.bodies], dtype=np.uint8)
        self._framing: Framing | None = None

    def problem(self, state: RobotState) -> str:
        """Return why a state can't be drawn, in one line; empty if it can."""
        if not self.scene.bodies:
            return NO_ROBOT
        return NOT_DRAWABLE if poses_of(state, len(self.scene.bodies)) is None else ""

    def paint(
        self,
        state: RobotState,
        camera: Camera,
        focus: Focus,
        *,
        width: int,
        height: int,
        patterns: bool = False,
        banner: str = "",
    ) -> CellGrid:
        """Return the picture in `width` × `height` cells, blank for a state that has a `problem`.

        With `patterns`, parts of the robot differ by their dots, for terminals without colours. A `banner` reports a
        fall.
        """
        grid = CellGrid(width, height)
        poses = poses_of(state, len(self.scene.bodies))
        if poses is None or width < 1 or height < 1:
            return grid
        placed = place(self._solids, poses)
        if self._framing is None:
            self._framing = framing_of(self._solids, placed, has_arrows=is_planar(self.scene.command))
        projection = self._framing.projection(camera, focus, width * DOTS_ACROSS, height * DOTS_DOWN)
        ground = self._framing.ground(focus)
        feet = self._touching(state)
        terrain = terrain_of(state)
        self._draw_ground(grid, projection, ground, terrain, is_sparse=patterns)
        if feet:
            soles, radius = contact_points(self._solids, placed, feet), self._framing.half_height * _FOOT
            _overlay(grid, foot_points(projection, soles, ground, radius, terrain), "contact")
        self._draw_solids(grid, rasterise(self._solids, placed, projection), feet, patterns, bool(banner))
        self._draw_arrows(grid, projection, placed.bodies[0], state, yaw_of(poses[0, 3:]))
        target = values_of(state.target, 3)
        if target is not None and np.isfinite(target).all():
            _overlay(grid, target_points(projection, target), "command")
        if banner:
            text = fit_text(f" ✘ {banner} ", width)
            grid.put_number(0, (width - len(text)) // 2, text, ROBOT_STYLE_NUMBERS["fall"])
        return grid

    def _draw_ground(
        self, grid: CellGrid, projection: Projection, ground: float, terrain: Terrain | None, *, is_sparse: bool
    ) -> None:
        assert self._framing is not None
        points = grid_points(projection, self._framing.half_height * _GROUND, ground, terrain)
        if is_sparse:  # by their place on the screen, so that a line does not flicker while it moves along itself
            points = points[np.rint(points).sum(1) % _SPARSE == 0]
        _overlay(grid, points, "ground")

    def _draw_solids(self, grid: CellGrid, raster: Raster, feet: list[int], patterns: bool, has_fallen: bool) -> None:
        if not len(self._parts):
            return
        bodies = np.where(raster.shape == NOTHING, NOTHING, self._solids.bodies[raster.shape])
        dots = (raster.shape != NOTHING) & ~limb_gaps(raster, bodies)
        if patterns:
            dots = patterned(dots, raster, bodies, self._parts)
        styles, nearest = shaded(raster, dots, self._parts, is_flat=patterns)
        if has_fallen:
            styles[:] = ROBOT_STYLE_NUMBERS["fall"]
        elif feet:
            styles[np.isin(self._solids.bodies[nearest], feet)] = ROBOT_STYLE_NUMBERS["contact"]
        bits = braille_bits(dots)
        seen = bits > 0
        grid.codes[seen] = bits[seen] + BLANK
        grid.styles[seen] = styles[seen]

    def _draw_arrows(
        self, grid: CellGrid, projection: Projection, root: Floats, state: RobotState, heading: float
    ) -> None:
        """Draw the commanded and the real velocity above the robot, where the command is a velocity."""
        assert self._framing is not None
        wanted = values_of(state.command, len(self.scene.command))
        if wanted is None or not is_planar(self.scene.command):
            return
        half = self._framing.half_height
        for velocity, style, height in (
            (wanted, "command", 0.93),
            (values_of(state.velocity, 3), "velocity", 0.82),
        ):
            if velocity is None or not np.isfinite(velocity[:2]).all():
                continue
            start = np.array((*root[:2], projection.target[2] + height * half), dtype=np.float32)
            along = _in_world(velocity, heading) * METRES_A_SPEED
            along *= min(1.0, _LONGEST_ARROW * half / max(float(np.linalg.norm(along)), _TINY))
            _overlay(grid, arrow_points(projection, start, along, is_dashed=style == "command"), style)

    def _touching(self, state: RobotState) -> list[int]:
        """Return the bodies in contact."""
        known = zip(self.scene.feet, touching(self.scene, state) or (), strict=False)
        return [foot for foot, is_touching in known if is_touching and 0 <= foot < len(self.scene.bodies)]


def _in_world(velocity: Floats, heading: float) -> Floats:
    forward, lateral = float(velocity[0]), float(velocity[1])
    cos, sin = math.cos(heading), math.sin(heading)
    return np.array((forward * cos - lateral * sin, forward * sin + lateral * cos, 0.0), dtype=np.float32)


def _overlay(grid: CellGrid, points: Floats, style: str) -> None:
    """Replace the cells in which these points [N, 2] are."""
    bits = cell_bits(points, grid.width, grid.height)
    seen = bits > 0
    grid.codes[seen] = bits[seen] + BLANK
    grid.styles[seen] = ROBOT_STYLE_NUMBERS[style]
