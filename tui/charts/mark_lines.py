"""Draw marks: vertical lines at changes, with signs and labels above them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from tui.charts.canvas import CellGrid, fit_text, plain_text
from tui.charts.description import Marks
from tui.charts.plot import Plot
from tui.charts.view import Range
from tui.session.interventions.marks import MARK_SIGNS, Mark
from tui.session.metrics.timeline import XUnit

MARK_LINE = "┊"
_FEWEST_LETTERS = 4  # of a label that is cut


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


def draw_mark_lines(grid: CellGrid, plot: Plot, columns: Iterable[int]) -> None:
    """Draw the vertical lines, behind everything else."""
    for column in columns:
        for row in range(plot.top, plot.bottom + 1):
            grid.put(row, column, MARK_LINE, "mark")


def draw_mark_signs(grid: CellGrid, plot: Plot, marks: dict[int, list[Mark]], row: int, labelled: bool) -> None:
    """Put the sign of its kind at each mark, and its label beside it if that fits.

    Several marks in one cell show the sign of the most important one and their number beside it.
    """
    free_from = plot.left if row >= plot.top else 0  # a number over the axis would look like one of its labels
    for column, next_column in pairwise((*sorted(marks), grid.width + 1)):
        here = marks[column]
        sign, count = _sign(here), _count(here)
        free_until = next_column - 1
        start, end = column, column + 1
        grid.put(row, column, sign, "mark")
        if end + len(count) <= free_until:
            grid.put(row, end, count, "mark")
            end += len(count)
        elif start - len(count) >= free_from:
            start -= len(count)
            grid.put(row, start, count, "mark")
        label = plain_text(", ".join(mark.label for mark in here))
        room_before, room_behind = start - 1 - free_from, free_until - end - 1
        free_from = end + 1
        if not labelled:
            continue
        if room_behind < len(label) <= room_before:
            grid.put(row, start - 1 - len(label), label, "mark")
        elif room_behind >= min(len(label), _FEWEST_LETTERS):
            grid.put(row, end + 1, fit_text(label, room_behind), "mark")
            free_from += min(len(label), room_behind) + 1


def draw_named_marks(grid: CellGrid, plot: Plot, marks: list[Mark], *, column: int, row: int) -> None:
    """Write the changes at the crosshair into the line of the signs, in place of the labels."""
    changes = ", ".join(f"{MARK_SIGNS[mark.kind]} {mark.label} {mark.text}".rstrip() for mark in marks)
    text = fit_text(plain_text(changes), plot.cells)
    grid.put(row, max(plot.left, min(column, plot.right - len(text))), text, "mark")


def _sign(marks: list[Mark]) -> str:
    kinds = {mark.kind for mark in marks}
    return next(sign for kind, sign in MARK_SIGNS.items() if kind in kinds)


def _count(marks: list[Mark]) -> str:
    if len(marks) == 1:
        return ""
    return str(len(marks)) if len(marks) < 10 else "+"
