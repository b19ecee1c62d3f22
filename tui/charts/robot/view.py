"""Lay out a view of a robot: its picture, the readout beside or below it, and the time line at the bottom."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from tui.charts.canvas import CellGrid
from tui.charts.robot.camera import Camera
from tui.charts.robot.drawing import RobotPainter
from tui.charts.robot.focus import Focus
from tui.charts.robot.styles import ROBOT_STYLE_NUMBERS
from tui.session.robot.lines import Line, clipped
from tui.session.robot.readout import Moment, readout
from tui.session.text import plain_lines

_BESIDE = 62
"""Cells from which on the readout has room beside the picture."""
_READOUT_SHARE, _NARROWEST, _WIDEST = 0.42, 34, 58
_BELOW = 15
"""Lines from which on the readout has room below the picture."""
_LINES_BELOW = 0.3
_TIME_LINE = 4
"""Lines from which on the time line is shown."""
FALL_SECONDS = 0.6
"""How long a fall is shown, in simulated seconds."""


@dataclass(frozen=True)
class Areas:
    """Sizes in cells; the readout begins at `readout_left`, `readout_top`."""

    picture_width: int
    picture_height: int
    readout_left: int
    readout_top: int
    readout_width: int
    readout_height: int
    has_time_line: bool


def areas_of(width: int, height: int) -> Areas:
    """Return what is where in a view of `width` × `height` cells; a readout without room has no size."""
    has_time_line = height >= _TIME_LINE
    lines = height - has_time_line
    if width >= _BESIDE:
        beside = min(max(round(width * _READOUT_SHARE), _NARROWEST), _WIDEST)
        picture = width - beside - 1
        return Areas(picture, lines, picture + 1, 0, beside, lines, has_time_line)
    below = round(lines * _LINES_BELOW) if lines >= _BELOW else 0
    return Areas(width, lines - below, 0, lines - below, width, below, has_time_line)


def paint_view(
    painter: RobotPainter,
    moment: Moment,
    camera: Camera,
    focus: Focus,
    *,
    width: int,
    height: int,
    time_line: Line = (),
    patterns: bool = False,
    read: CellGrid | None = None,
) -> CellGrid:
    """Return the view of one moment in `width` × `height` cells; see `RobotPainter.paint`.

    `read` is an earlier `paint_readout` of this size; by default the moment's own.
    """
    areas = areas_of(width, height)
    grid = CellGrid(width, height)
    room = {"width": areas.picture_width, "height": areas.picture_height}
    if problem := painter.problem(moment.state):
        grid.paste(paint_text(problem, **room))
    else:
        grid.paste(
            painter.paint(moment.state, camera, focus, **room, patterns=patterns, banner=fall_text(moment)),
        )
    grid.paste(read or paint_readout(moment, width, height), areas.readout_top, areas.readout_left)
    if areas.has_time_line:
        put_line(grid, height - 1, 0, clipped(time_line, width))
    return grid


def paint_readout(moment: Moment, width: int, height: int) -> CellGrid:
    """Return the readout of a moment, as it is in a view of `width` × `height` cells."""
    areas = areas_of(width, height)
    grid = CellGrid(areas.readout_width, areas.readout_height)
    for row, line in enumerate(readout(moment, grid.width, grid.height)):
        put_line(grid, row, 0, line)
    return grid


def fall_text(moment: Moment) -> str:
    """Return what ended the episode before, if it was a fall a short time ago; else nothing."""
    began = moment.recent[0] if moment.recent else moment.state
    has_fallen = bool(began.ended) and not began.is_time_out
    return began.ended if has_fallen and moment.state.time - began.time < FALL_SECONDS else ""


def put_line(grid: CellGrid, row: int, column: int, line: Line) -> None:
    """Write a line from a cell on, clipped to the grid."""
    for text, meaning in line:
        grid.put_number(row, column, text, ROBOT_STYLE_NUMBERS[meaning])
        column += len(text)


def paint_text(text: str, width: int, height: int) -> CellGrid:
    """Return a view with nothing but a text in its middle, wrapped at words."""
    grid = CellGrid(width, height)
    lines = textwrap.wrap(plain_lines(text), max(width, 1))[:height]
    for row, line in enumerate(lines, (height - len(lines)) // 2):
        put_line(grid, row, (width - len(line)) // 2, ((line, "label"),))
    return grid
