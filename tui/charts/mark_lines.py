"""Draw marks: vertical lines at changes, with signs and labels above them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from tui.charts.canvas import CellGrid, MarkStyle, fit_text, plain_text
from tui.charts.description import Marks
from tui.charts.plot import Plot
from tui.charts.view import Range
from tui.session.interventions.marks import MARK_SIGNS, Author, Mark, most_important
from tui.session.metrics.timeline import XUnit

MARK_LINE = "┊"
_FEWEST_LETTERS = 4  # of a label that is cut
_STYLES: dict[Author, MarkStyle] = {
    "user": "mark-user",
    "agent": "mark-agent",
    "curriculum": "mark-curriculum",
    "schedule": "mark-schedule",
    "recording": "mark-recording",
    "guard": "mark-guard",
    "launch": "mark-launch",
}
_BETWEEN = ", "


def mark_styles(marks: Mapping[int, list[Mark]]) -> dict[int, MarkStyle]:
    """Return the style of each column with marks: that of the most important one there."""
    return {column: _STYLES[most_important(here).author] for column, here in marks.items()}


def placed_marks(groups: Iterable[Marks], unit: XUnit, visible: Range) -> list[tuple[float, Mark]]:
    """Return the visible marks with their places, from left to right."""
    low, high = visible
    placed: list[tuple[float, Mark]] = []
    for group in groups:
        if not group.marks:
            continue
        iterations = [mark.iteration for mark in group.marks]
        places = [float(iteration) for iteration in iterations]
        if unit != "iteration":
            if group.timeline is None or not len(group.timeline):
                continue
            places = group.timeline.place(iterations, unit).tolist()
        placed += [(place, mark) for place, mark in zip(places, group.marks, strict=True) if low <= place <= high]
    return sorted(placed, key=lambda one: one[0])


def marks_by_column(plot: Plot, placed: Iterable[tuple[float, Mark]]) -> dict[int, list[Mark]]:
    """Return the marks of each grid column, from left to right."""
    by_column: dict[int, list[Mark]] = {}
    for place, mark in placed:
        by_column.setdefault(plot.column(place), []).append(mark)
    return by_column


def draw_mark_lines(grid: CellGrid, plot: Plot, styles: Mapping[int, MarkStyle]) -> None:
    """Draw a vertical line in each of these columns, behind everything else."""
    for column, style in styles.items():
        for row in range(plot.top, plot.bottom + 1):
            grid.put(row, column, MARK_LINE, style)


def draw_mark_signs(grid: CellGrid, plot: Plot, marks: Mapping[int, list[Mark]], row: int, labelled: bool) -> None:
    """Put the sign of its kind at each mark, and its label beside it if that fits.

    Several marks in one cell show the sign of the most important one and their number beside it.
    """
    free_from = plot.left if row >= plot.top else 0  # a number over the axis would look like one of its labels
    styles = mark_styles(marks)
    for column, next_column in pairwise((*sorted(marks), grid.width + 1)):
        here = marks[column]
        sign, count, style = MARK_SIGNS[most_important(here).kind], _count(here), styles[column]
        free_until = next_column - 1
        start, end = column, column + 1
        grid.put(row, column, sign, style)
        if end + len(count) <= free_until:
            grid.put(row, end, count, style)
            end += len(count)
        elif start - len(count) >= free_from:
            start -= len(count)
            grid.put(row, start, count, style)
        label = plain_text(", ".join(mark.label for mark in here))
        room_before, room_behind = start - 1 - free_from, free_until - end - 1
        free_from = end + 1
        if not labelled:
            continue
        if room_behind < len(label) <= room_before:
            grid.put(row, start - 1 - len(label), label, style)
        elif room_behind >= min(len(label), _FEWEST_LETTERS):
            grid.put(row, end + 1, fit_text(label, room_behind), style)
            free_from += min(len(label), room_behind) + 1


def draw_named_marks(grid: CellGrid, plot: Plot, marks: list[Mark], *, column: int, row: int) -> None:
    """Write the changes at the crosshair into the line of the signs, in place of the labels."""
    changes = [plain_text(f"{MARK_SIGNS[mark.kind]} {mark.label} {mark.text}".rstrip()) for mark in marks]
    text = fit_text(_BETWEEN.join(changes), plot.cells)
    left = max(plot.left, min(column, plot.right - len(text)))
    start = 0
    for mark, change in zip(marks, changes, strict=True):
        end = start + len(change + _BETWEEN)
        grid.put(row, left + start, text[start:end], _STYLES[mark.author])
        start = end


def _count(marks: list[Mark]) -> str:
    if len(marks) == 1:
        return ""
    return str(len(marks)) if len(marks) < 10 else "+"
