"""The plot: position of places and values in a chart's grid, and the axes around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui.charts.axes import ValueAxis
from tui.charts.braille import DOTS_ACROSS, DOTS_DOWN
from tui.charts.canvas import CellGrid
from tui.charts.x_axis import XFrame, place_ticks

UNIT_NAMES = {"iteration": "", "steps": "steps", "time": "time"}
"""Unit beside the labels of an x axis; iterations need none."""


@dataclass(frozen=True)
class Plot:
    """The rectangle of the grid in which curves are drawn, with its axes.

    `left` and `top` are the grid column and row of its first cell, `cells` its width and `rows` its height.
    """

    left: int
    top: int
    cells: int
    rows: int
    frame: XFrame
    axis: ValueAxis

    @property
    def bottom(self) -> int:
        """Grid row of the last line of the plot."""
        return self.top + self.rows - 1

    @property
    def right(self) -> int:
        """Grid column after the last one of the plot."""
        return self.left + self.cells

    def column(self, place: float) -> int:
        """Return the grid column of a place inside the frame."""
        return self.left + self.frame.column(place) // DOTS_ACROSS

    def place(self, column: int) -> float:
        """Return the place in the middle of a grid column of the plot."""
        return self.frame.place((column - self.left) * DOTS_ACROSS + (DOTS_ACROSS - 1) / 2)

    def dot_row(self, value: float) -> int | None:
        """Return the pixel row of a finite value, 0 at the top of the plot; None if it is not on the axis."""
        place = self.axis.place(value)
        if place is None or not self.axis.low <= place <= self.axis.high:
            return None
        return self._dot_row(place)

    def row_of(self, value: float) -> int | None:
        """Return the grid row of a value; None if it is not finite or not on the axis."""
        dot_row = self.dot_row(value) if math.isfinite(value) else None
        return None if dot_row is None else self.top + dot_row // DOTS_DOWN

    def tick_row(self, position: float) -> int:
        """Return the grid row of a tick."""
        return self.top + self._dot_row(position) // DOTS_DOWN

    def _dot_row(self, place: float) -> int:
        return round((self.axis.high - place) / (self.axis.high - self.axis.low) * (self.rows * DOTS_DOWN - 1))


def draw_value_axis(grid: CellGrid, plot: Plot) -> None:
    """Draw the axis left of the plot with its labels; at most one tick per line."""
    for row in range(plot.top, plot.bottom + 1):
        grid.put(row, plot.left - 1, "│", "axis")
    taken: set[int] = set()
    first, *between, last = plot.axis.ticks
    for tick in (first, last, *between):
        row = plot.tick_row(tick.position)
        if row not in taken:
            taken.add(row)
            grid.put(row, plot.left - 1, "┤", "axis")
            grid.put(row, plot.left - 1 - len(tick.label), tick.label, "label")


def draw_x_axis(grid: CellGrid, plot: Plot, with_line: bool) -> None:
    """Write the labels into the last line of the grid; `with_line` also draws the axis below the plot."""
    if with_line:
        grid.put(plot.bottom + 1, plot.left - 1, "└" + "─" * plot.cells, "axis")
    unit = UNIT_NAMES[plot.frame.unit]
    free_from = 0
    for tick in place_ticks(plot.frame.unit, plot.frame.low, plot.frame.high, plot.cells):
        column = plot.column(tick.position)
        start = max(0, min(column - len(tick.label) // 2, grid.width - len(tick.label)))
        if free_from == 0 and len(unit) < start:
            grid.put(grid.height - 1, 0, unit, "label")
            free_from = len(unit) + 1
        if start >= free_from:
            free_from = start + len(tick.label) + 1
            grid.put(grid.height - 1, start, tick.label, "label")
            if with_line:
                grid.put(plot.bottom + 1, column, "┬", "axis")
