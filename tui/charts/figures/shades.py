"""Styles and glyphs of values on a scale, shared by heat maps and polar plots."""

from __future__ import annotations

from typing import TypeAlias, cast

from tui.charts.canvas import CellGrid, StyleName, fit_text
from tui.charts.ramps import DIFFERENCE_COUNT, HEAT_COUNT
from tui.session.evaluations.figures import Scale

Shade: TypeAlias = tuple[StyleName, str]
"""A background, and the glyph that stands for it where there are no colours or no room for a number."""

NO_VALUE: Shade = ("label", "·")

_DENSITIES = "  ░░▒▒▓▓█"
_WORSE, _BETTER = "--==", "++##"
_RAMP_CELLS = 2 * HEAT_COUNT


def shade_of(value: float | None, scale: Scale) -> Shade:
    """Return the shade of a value; without one a dot, and no background for a difference near 0."""
    if value is None:
        return NO_VALUE
    if not scale.is_difference:
        step = min(int(scale.place(value) * HEAT_COUNT), HEAT_COUNT - 1)
        return cast(StyleName, f"heat-{step + 1}"), _DENSITIES[step]
    signed = 2 * scale.place(value) - 1
    step = round(abs(signed) * DIFFERENCE_COUNT)
    if not step:
        return "plain", " "
    glyphs, name = (_BETTER, "better") if signed > 0 else (_WORSE, "worse")
    return cast(StyleName, f"{name}-{step}"), glyphs[step - 1]


def draw_ramp(grid: CellGrid, row: int, scale: Scale, note: str, *, with_glyphs: bool) -> None:
    """Draw the scale: its ends with their values, the ramp between them, and a note."""
    left, right = ends_of(scale)
    grid.put(row, 0, left, "label")
    column = len(left) + 1
    for cell in range(_RAMP_CELLS):
        share = (cell + 0.5) / _RAMP_CELLS
        place = 1 - share if scale.better == "lower" else share
        style, glyph = shade_of(scale.low + place * (scale.high - scale.low), scale)
        grid.put(row, column + cell, glyph if with_glyphs else " ", style)
    column += _RAMP_CELLS + 1
    grid.put(row, column, right, "label")
    column += len(right) + 3
    grid.put(row, column, fit_text(note, grid.width - column), "label")


def ends_of(scale: Scale) -> tuple[str, str]:
    """Return the texts at the worse or lower end and at the other end of a ramp."""
    ends = (scale.high, scale.low) if scale.better == "lower" else (scale.low, scale.high)
    left, right = (f"{scale.text(end)} {scale.unit}".strip() for end in ends)
    return (f"worse {left}", f"{right} better") if scale.better else (left, right)
