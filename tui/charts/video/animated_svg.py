"""A rollout as an animated SVG: the robot's shapes as strokes, which any browser plays without a program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.rollout import Rollout
from trainer_proc.contract.terrain import terrain_of
from tui.charts.files.svg_elements import FONT, text
from tui.charts.robot.poses import place, poses_of, solids_of
from tui.charts.robot.styles import parts_of
from tui.charts.video.drawn import GROUND, PALETTE, PART_COLOURS
from tui.charts.video.overlay import COMMAND, VELOCITY, title_of
from tui.charts.video.pixels import Floats
from tui.charts.video.shots import Shot
from tui.charts.video.stage import arrow_lines, ground_lines
from tui.session.robot.recorded import history_of

_RODS = ("capsule", "cylinder", "sphere")
_THINNEST = 1.5
"""Pixels."""


def animated_svg(rollout: Rollout, shots: Sequence[Shot], *, fps: float) -> str:
    """Return an endless animation; `shots` are all of one size, at least one."""
    width, height = shots[0].projection.width, shots[0].projection.height
    scene, states = rollout.scene, rollout.states
    seconds = len(shots) / fps
    grounds = [_path(ground_lines(shot.projection, terrain_of(states[shot.state]))) for shot in shots]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="{FONT}" fill="none" stroke-linecap="round" stroke-linejoin="round">',
        f'<rect width="{width}" height="{height}" fill="{PALETTE.background}"/>',
        _animated(grounds, GROUND, 1.0, seconds),
        *_limbs(rollout, shots, seconds),
    ]
    for is_command, colour in ((True, COMMAND), (False, VELOCITY)):
        arrows = [
            _path(arrow_lines(shot.projection, scene, states[shot.state], is_command=is_command)) for shot in shots
        ]
        if any(arrows):
            parts.append(_animated(arrows, colour, 3.0, seconds))
    words = title_of(rollout, history_of(rollout).last)
    return "\n".join([*parts, text(8, 18, words, PALETTE.foreground), "</svg>"])


def _limbs(rollout: Rollout, shots: Sequence[Shot], seconds: float) -> list[str]:
    """Return an animated stroke for each shape, the farthest first."""
    scene, solids = rollout.scene, solids_of(rollout.scene)
    if not len(solids.kinds):
        return []
    axes, halves, radii = _strokes(solids.kinds, solids.sizes)
    paths: list[list[str]] = [[] for _ in solids.kinds]
    depths = np.zeros(len(solids.kinds))
    for shot in shots:
        poses = poses_of(rollout.states[shot.state], len(scene.bodies))
        if poses is None:
            for of_shape in paths:
                of_shape.append("")
            continue
        placed = place(solids, poses)
        along = np.take_along_axis(placed.rotations, axes[:, np.newaxis, np.newaxis], axis=2)[..., 0]
        ends = placed.centres[:, np.newaxis] + np.stack((-along, along), 1) * halves[:, np.newaxis, np.newaxis]
        depths += shot.projection.seen(placed.centres)[:, 2]
        for of_shape, line in zip(paths, shot.projection.dots(ends), strict=True):
            of_shape.append(_path(line[np.newaxis]))
    colours = [PART_COLOURS[part] for part in parts_of(scene)]
    scale = shots[0].projection.dots_per_metre
    return [
        _animated(paths[shape], colours[solids.bodies[shape]], max(2 * float(radii[shape]) * scale, _THINNEST), seconds)
        for shape in np.argsort(-depths)
    ]


def _strokes(kinds: Sequence[str], sizes: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return for each shape the axis of its stroke (0 to 2), half the stroke's length and half its width in metres."""
    axes, halves, radii = [], [], []
    for kind, size in zip(kinds, sizes, strict=True):
        if kind in _RODS:
            axis, half, radius = 2, size[1], size[0]
        else:  # round ends are within the longest edge, the width is that of the others
            axis = int(np.argmax(size))
            radius = float(np.delete(size, axis).mean())
            half = max(float(size[axis]) - radius, 0.0)
        axes.append(axis)
        halves.append(half)
        radii.append(radius)
    return np.array(axes, dtype=np.intp), np.array(halves, dtype=np.float32), np.array(radii, dtype=np.float32)


def _path(lines: Floats) -> str:
    """Return straight lines [N, 2 ends, (column, row)] as the data of a path."""
    ends = [[f"{column:.1f} {row:.1f}" for column, row in line] for line in lines]
    before = ["", *(b for _, b in ends)]
    return "".join(f"L{b}" if a == last else f"M{a}L{b}" for (a, b), last in zip(ends, before, strict=False))


def _animated(paths: Sequence[str], colour: str, width: float, seconds: float) -> str:
    """Return a path that takes each form for an equal time, in a circle."""
    moving = f'<animate attributeName="d" dur="{seconds:g}s" repeatCount="indefinite" calcMode="discrete"'
    forms = [path or "M0 0" for path in paths]
    stroke = f'<path stroke="{colour}" stroke-width="{width:.1f}" d="{forms[0]}">'
    return f'{stroke}{moving} values="{";".join(forms)}"/></path>'
