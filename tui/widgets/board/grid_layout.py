"""Arrange charts in a grid: pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

SMALLEST_WIDTH, SMALLEST_HEIGHT = 26, 6
"""Cells and lines of the smallest readable chart."""
COMFORTABLE_HEIGHT = 8
"""Least lines of a chart on a page that scrolls."""
_BEST_SHAPE = 4.0
"""Best ratio of cells to lines: curves over iterations should be wide."""
_LEADING_HEIGHT = 1.5
"""Height of the leading charts relative to the others, where there is room."""


@dataclass(frozen=True)
class GridShape:
    """A grid with `columns`; `spans` are the columns that each chart takes, so that no row has a hole.

    `across` is the number of charts in a full row. `row_heights`, in lines, are those of the rows that are visible at
    once, and repeat below; `scrolls` if there are more rows than that.
    """

    columns: int
    across: int
    row_heights: tuple[int, ...]
    spans: tuple[int, ...]
    scrolls: bool

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield for each chart its first column and its row."""
        column = row = 0
        for span in self.spans:
            yield column, row
            column += span
            if column == self.columns:
                column, row = 0, row + 1


def grid_shape(count: int, *, width: int, height: int, gap: int, columns: int = 0, leading: int = 0) -> GridShape:
    """Return how `count` charts (at least one) fill `width` by `height` cells, with `gap` cells between columns.

    The first `leading` charts have the first row for themselves and are larger than the others. `columns` is the number
    of the other charts side by side; 0 is automatic: all charts are visible at once if they are readable then.
    """
    leading = leading if leading < count else 0
    rest = count - leading
    fitting = max(1, (width + gap) // (SMALLEST_WIDTH + gap))
    first = min(leading, fitting)
    first_rows = -(-leading // first) if first else 0
    most = min(rest, fitting)
    across = min(columns, most) if columns else _best_columns(rest, most, first_rows, _Area(width, height, gap))
    rows = -(-rest // across)
    grid_columns = math.lcm(first or 1, across)
    spans = (grid_columns // (first or 1),) * leading
    spans += tuple(span * grid_columns // across for span in _spans(rest, across))
    if height // (first_rows + rows) >= SMALLEST_HEIGHT:
        heights = _shares(height, rows) if not first_rows else _uneven_shares(height, first_rows, rows)
        return GridShape(grid_columns, across, heights, spans, scrolls=False)
    heights = _shares(max(height, 1), max(1, height // COMFORTABLE_HEIGHT))
    return GridShape(grid_columns, across, heights, spans, scrolls=True)


@dataclass(frozen=True)
class _Area:
    width: int
    height: int
    gap: int


def _best_columns(count: int, most: int, first_rows: int, area: _Area) -> int:
    """Return the columns that give charts the best shape; as many as fit if not all charts are visible at once."""

    def rows(columns: int) -> int:
        return -(-count // columns)

    def badness(columns: int) -> float:
        chart_width = (area.width - area.gap * (columns - 1)) / columns
        shape = chart_width / (area.height / (_LEADING_HEIGHT * first_rows + rows(columns))) / _BEST_SHAPE
        return max(shape, 1 / shape) + (rows(columns) * columns - count) / count

    fitting = [one for one in range(1, most + 1) if area.height // (first_rows + rows(one)) >= SMALLEST_HEIGHT]
    return min(fitting, key=badness) if fitting else most


def _shares(height: int, rows: int) -> tuple[int, ...]:
    """Share all lines among rows, so that no further row is partly visible."""
    each, more = divmod(height, rows)
    return (each + 1,) * more + (each,) * (rows - more)


def _uneven_shares(height: int, first_rows: int, rows: int) -> tuple[int, ...]:
    """Share all lines among rows of which the first ones are higher, as far as the others stay readable."""
    each = max(int(height / (_LEADING_HEIGHT * first_rows + rows)), SMALLEST_HEIGHT)
    return _shares(height - each * rows, first_rows) + (each,) * rows


def _spans(count: int, columns: int) -> tuple[int, ...]:
    in_last_row = count % columns
    if not in_last_row:
        return (1,) * count
    wide, wider = divmod(columns, in_last_row)
    return (1,) * (count - in_last_row) + (wide + 1,) * wider + (wide,) * (in_last_row - wider)
