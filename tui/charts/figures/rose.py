"""Draw a polar plot as a disc of cells: forward is up, left is left."""

from __future__ import annotations

import math

from tui.charts.canvas import CellGrid, fit_text, plain_text
from tui.charts.figures.shades import draw_ramp, shade_of
from tui.session.evaluations.figures import Labels, Matrix, Rose

_LINES = 2
"""Lines of a ring; a cell is about twice as high as wide, so a ring is twice as many cells wide."""
_ASPECT = 2
_SIDE = 8
"""Cells beside the disc for the names of directions."""
_HEADER, _FOOTER = 4, 2  # title, rings, a blank line, forward; back, the ramp
_SIDES = {0.0: "forward", 90.0: "left", 180.0: "back", 270.0: "right"}


def rose_fits(rose: Rose, width: int) -> bool:
    """Return whether the disc fits in `width` cells; else it is drawn as a heat map."""
    return 2 * _reach(rose) * _ASPECT + 2 * _SIDE + 1 <= width


def rose_height(rose: Rose) -> int:
    """Return the lines of the whole plot."""
    return 2 * _reach(rose) + 1 + _HEADER + _FOOTER


def as_matrix(rose: Rose) -> Matrix:
    """Return the same values as a heat map: a row a direction."""
    rows = Labels("direction", tuple(_direction_text(angle) for angle in rose.directions))
    return Matrix(rose.title, rows, rose.rings, tuple(zip(*rose.values, strict=True)), rose.scale, rose.note)


def paint_rose(grid: CellGrid, rose: Rose, *, with_glyphs: bool) -> None:
    """Paint the plot: each ring is one of `rose.rings`, with its number in every direction."""
    middle, centre = _HEADER + _reach(rose), grid.width // 2
    grid.put(0, 0, fit_text(plain_text(rose.title), grid.width), "title")
    rings = f"{rose.rings.name}, from the centre: {', '.join(rose.rings.texts)}"
    grid.put(1, 0, fit_text(plain_text(rings), grid.width), "label")
    for row in range(_HEADER, middle + _reach(rose) + 1):
        for column in range(grid.width):
            place = sector_at((centre - column) / _ASPECT, middle - row, rose)
            if place is not None:
                style, glyph = shade_of(rose.values[place[0]][place[1]], rose.scale)
                grid.put(row, column, glyph if with_glyphs else " ", style)
    grid.put(middle, centre, "+", "title")
    for ring, values in enumerate(rose.values):
        for angle, value in zip(rose.directions, values, strict=True):
            radius = (ring + 1) * _LINES - (_LINES - 1) / 2
            row = middle - round(radius * math.cos(math.radians(angle)))
            column = centre - round(radius * _ASPECT * math.sin(math.radians(angle)))
            text = "·" if value is None else rose.scale.text(value)
            grid.put(row, column - len(text) // 2, text, shade_of(value, rose.scale)[0])
    reach = _reach(rose)
    grid.put(middle - reach - 1, centre - len("forward") // 2, "forward", "axis")
    grid.put(middle + reach + 1, centre - len("back") // 2, "back", "axis")
    grid.put(middle, centre - reach * _ASPECT - 2 - len("left"), "left", "axis")
    grid.put(middle, centre + reach * _ASPECT + 3, "right", "axis")
    draw_ramp(grid, grid.height - 1, rose.scale, rose.note, with_glyphs=with_glyphs)


def sector_at(left: float, ahead: float, rose: Rose) -> tuple[int, int] | None:
    """Return ring and direction of a point, in lines from the centre; None outside of the disc and at its centre."""
    radius = math.hypot(left, ahead)
    ring = math.floor((radius - 0.5) / _LINES)
    if not 0 <= ring < len(rose.values):
        return None
    angle = math.degrees(math.atan2(left, ahead))
    step = 360 / len(rose.directions)
    return ring, round((angle - rose.directions[0]) / step) % len(rose.directions)


def _reach(rose: Rose) -> int:
    """Return the radius of the disc in lines."""
    return len(rose.values) * _LINES


def _direction_text(angle: float) -> str:
    return _SIDES.get(angle % 360, f"{angle:g}°")
