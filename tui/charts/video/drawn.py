"""Frames that are drawn from the shapes of a scene alone, without OpenGL."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trainer_proc.contract.rollout import Rollout
from trainer_proc.contract.terrain import terrain_of
from tui.charts.palette import PALETTES
from tui.charts.robot.looks import limb_gaps
from tui.charts.robot.poses import place, poses_of, solids_of
from tui.charts.robot.raster import NOTHING, rasterise
from tui.charts.robot.styles import PARTS, parts_of
from tui.charts.video.pixels import Floats, Pixels, draw_lines, rgb
from tui.charts.video.shots import Shot
from tui.charts.video.stage import ground_lines
from tui.session.robot.gait import touching

PALETTE = PALETTES["dark"]
PART_COLOURS = dict(zip(PARTS, ("#aab4c2", PALETTE.series[0], PALETTE.series[1]), strict=True))
"""Of the body, its left and its right side."""
GROUND = "#3a4556"
_FINER = 2
"""Dots of the raster in a pixel, in both directions: so edges are smooth."""
_DARKEST = 0.25
"""Share of its colour that a surface has which faces away from the light."""


class DrawnFrames:
    """Draws the frames of one rollout."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._solids = solids_of(rollout.scene)
        parts = parts_of(rollout.scene)
        self._colours: Floats = np.array([rgb(PART_COLOURS[parts[body]]) for body in self._solids.bodies], np.float32)

    def frame(self, shot: Shot) -> Pixels:
        """Return the frame of a shot; the robot is left out where its poses are not finite."""
        projection = shot.projection
        fine = replace(
            projection,
            dots_per_metre=projection.dots_per_metre * _FINER,
            width=projection.width * _FINER,
            height=projection.height * _FINER,
        )
        pixels = np.empty((fine.height, fine.width, 3), dtype=np.uint8)
        pixels[:] = rgb(PALETTE.background)
        state, scene = self._rollout.states[shot.state], self._rollout.scene
        draw_lines(pixels, ground_lines(fine, terrain_of(state)), GROUND, width=_FINER)
        poses = poses_of(state, len(scene.bodies))
        if poses is not None and len(self._colours):
            raster = rasterise(self._solids, place(self._solids, poses), fine)
            bodies = np.where(raster.shape == NOTHING, NOTHING, self._solids.bodies[raster.shape])
            seen = (raster.shape != NOTHING) & ~limb_gaps(raster, bodies)
            colours = self._colours.copy()
            on_ground = zip(scene.feet, touching(scene, state) or (), strict=False)
            feet = [foot for foot, is_touching in on_ground if is_touching]
            colours[np.isin(self._solids.bodies, feet)] = rgb(PALETTE.success)
            bright = _DARKEST + (1 - _DARKEST) * np.clip(raster.light[seen] / 2 + 0.5, 0, 1)
            pixels[seen] = (colours[raster.shape[seen]] * bright[:, np.newaxis]).astype(np.uint8)
        rows, columns = projection.height, projection.width
        averaged: Pixels = pixels.reshape(rows, _FINER, columns, _FINER, 3).mean((1, 3)).astype(np.uint8)
        return averaged
