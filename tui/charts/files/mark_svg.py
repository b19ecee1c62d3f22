"""Marks of changes in an SVG: lines, signs and labels on a chart, and a list below it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tui.charts.description import ChartDescription
from tui.charts.files.plot_frame import RIGHT_MARGIN, PlotFrame
from tui.charts.files.points import marks_of
from tui.charts.files.svg_elements import SMALL, line, mark_sign, text, text_width
from tui.charts.palette import Palette
from tui.session.interventions.marks import Mark, most_important

NOTE_HEIGHT = 16.0
"""Height in pixels of a line of the list."""
_SIGN_WIDTH = 7.0
_MAX_NOTES = 14


def draw_marks(chart: ChartDescription, frame: PlotFrame, palette: Palette) -> Iterator[str]:
    """Draw a line at each mark and the signs above, overlapping ones as one sign; labels only where they fit."""
    free_from = 0.0
    groups = list(_overlapping(chart, frame))
    for number, (across, marks) in enumerate(groups):
        first = most_important(marks)
        colour = palette.marks[first.author]
        yield line(across, frame.top, across, frame.bottom, colour, width=0.8, dash="2 3")
        yield mark_sign(first.kind, across, frame.top - 8, colour, "\n".join(map(_change, marks)))
        label = marks[0].label if len(marks) == 1 else f"{len(marks)}×"
        end = across + 7 + text_width(label, SMALL)
        next_sign = groups[number + 1][0] - 6 if number + 1 < len(groups) else frame.right + RIGHT_MARGIN
        if across >= free_from and end <= next_sign:
            yield text(across + 7, frame.top - 4, label, colour, size=SMALL)
            free_from = end + 4


def _overlapping(chart: ChartDescription, frame: PlotFrame) -> Iterator[tuple[float, list[Mark]]]:
    """Yield the x coordinate of each sign with the marks that overlap there."""
    across, marks = -math.inf, list[Mark]()
    for place, mark in marks_of(chart):
        x = float(frame.x(np.array([place]))[0])
        if marks and x - across > _SIGN_WIDTH:
            yield across, marks
            marks = []
        across = across if marks else x
        marks.append(mark)
    if marks:
        yield across, marks


def mark_notes(chart: ChartDescription, palette: Palette, *, y: float, width: float) -> Iterator[str]:
    """List the changes at a chart's marks below it, from `y` on."""
    marks = [mark for _, mark in marks_of(chart)]
    for number, mark in enumerate(marks[:_MAX_NOTES]):
        height = y + NOTE_HEIGHT * (number + 0.5)
        left = f"iteration {mark.iteration}: {_change(mark)}"
        most = int((width - 60) / text_width("0", SMALL))
        shown = left if len(left) <= most else left[: most - 1] + "…"
        yield mark_sign(mark.kind, 24, height - 4, palette.marks[mark.author]) + text(
            36, height, shown, palette.foreground, size=SMALL
        )
    if len(marks) > _MAX_NOTES:
        height = y + NOTE_HEIGHT * (_MAX_NOTES + 0.5)
        yield text(36, height, f"and {len(marks) - _MAX_NOTES} more", palette.reference, size=SMALL)


def _change(mark: Mark) -> str:
    return f"{mark.label} {mark.text}".strip()
