"""Charts drawn as lines of styled text, for tests."""

from __future__ import annotations

from tui.charts.canvas import BAND, STYLES, CellGrid, Line
from tui.charts.description import ChartDescription
from tui.charts.drawing import Painter


def lines_of(grid: CellGrid) -> list[Line]:
    """Return a grid as lines, without bands."""
    return [tuple((text, STYLES[style & ~BAND]) for text, style in grid.segments(row)) for row in range(grid.height)]


def draw(chart: ChartDescription) -> list[Line]:
    """Return `height` lines of exactly `width` cells; no lines if either is below 1."""
    return lines_of(Painter().paint(chart)) if chart.width > 0 else []
