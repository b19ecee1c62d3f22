"""Paint any figure of an evaluation on a grid of cells."""

from __future__ import annotations

from collections.abc import Sequence

from tui.charts.canvas import CellGrid
from tui.charts.figures.intervals import intervals_height, paint_intervals
from tui.charts.figures.matrix import matrix_height, paint_matrix
from tui.charts.figures.rose import as_matrix, paint_rose, rose_fits, rose_height
from tui.session.evaluations.figures import Figure, Intervals, Rose


def figures_height(figures: Sequence[Figure], width: int) -> int:
    """Return the lines of all figures, one below the other, with a blank line between them."""
    return sum(_height(_fitting(one, width), width) for one in figures) + max(len(figures) - 1, 0)


def paint_figures(figures: Sequence[Figure], width: int, *, with_glyphs: bool = False) -> CellGrid:
    """Paint figures one below the other in `width` cells, as high as needed; an empty grid for a width below 1.

    `with_glyphs` adds glyphs to backgrounds, for terminals without colours.
    """
    whole = CellGrid(max(width, 0), figures_height(figures, width) if width > 0 else 0)
    top = 0
    for figure in (_fitting(one, width) for one in figures) if width > 0 else ():
        grid = CellGrid(width, _height(figure, width))
        if isinstance(figure, Intervals):
            paint_intervals(grid, figure)
        elif isinstance(figure, Rose):
            paint_rose(grid, figure, with_glyphs=with_glyphs)
        else:
            paint_matrix(grid, figure, with_glyphs=with_glyphs)
        whole.codes[top : top + grid.height], whole.styles[top : top + grid.height] = grid.codes, grid.styles
        top += grid.height + 1
    return whole


def _fitting(figure: Figure, width: int) -> Figure:
    return as_matrix(figure) if isinstance(figure, Rose) and not rose_fits(figure, width) else figure


def _height(figure: Figure, width: int) -> int:
    if isinstance(figure, Intervals):
        return intervals_height(figure)
    return rose_height(figure) if isinstance(figure, Rose) else matrix_height(figure, width)
