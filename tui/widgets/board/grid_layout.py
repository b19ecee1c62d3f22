"""Arrange charts in a grid: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_WIDTH, SMALLEST_HEIGHT = 26, 6
"""Cells and lines of the smallest readable chart."""
COMFORTABLE_HEIGHT = 8
"""Least lines of a chart on a page that scrolls."""
_BEST_SHAPE = 4.0
"""Best ratio of cells to lines: curves over iterations should be wide."""


@dataclass(frozen=True)
class GridShape:
    """A grid with `columns`; `spans` are the columns that each chart takes, so that the last row has no hole.

    `row_heights`, in lines, are those of the rows that are visible at once, and repeat below; `scrolls` if there are
    more rows than that.
    """

    columns: int
    row_heights: tuple[int, ...]
    spans: tuple[int, ...]
    scrolls: bool


def grid_shape(count: int, *, width: int, height: int, gap: int, columns: int = 0) -> GridShape:
    """Return how `count` charts (at least one) fill `width` by `height` cells, with `gap` cells between columns.

    `columns` of 0 is automatic: all charts are visible at once if they are readable then.
    """
    most = max(1, min(count, (width + gap) // (SMALLEST_WIDTH + gap)))
    chosen = min(columns, most) if columns else _best_columns(count, most, width=width, height=height, gap=gap)
    rows = -(-count // chosen)
    if height // rows >= SMALLEST_HEIGHT:
        return GridShape(chosen, _shares(height, rows), _spans(count, chosen), scrolls=False)
    rows_seen = max(1, height // COMFORTABLE_HEIGHT)
    return GridShape(chosen, _shares(max(height, 1), rows_seen), _spans(count, chosen), scrolls=True)


def _best_columns(count: int, most: int, *, width: int, height: int, gap: int) -> int:
    """Return the columns that give charts the best shape; as many as fit if not all charts are visible at once."""
    fitting = [columns for columns in range(1, most + 1) if height // -(-count // columns) >= SMALLEST_HEIGHT]
    if not fitting:
        return most

    def badness(columns: int) -> float:
        rows = -(-count // columns)
        chart_width = (width - gap * (columns - 1)) / columns
        shape = chart_width / (height / rows) / _BEST_SHAPE
        return max(shape, 1 / shape) + (rows * columns - count) / count

    return min(fitting, key=badness)


def _shares(height: int, rows: int) -> tuple[int, ...]:
    """Share all lines among rows, so that no further row is partly visible."""
    each, more = divmod(height, rows)
    return (each + 1,) * more + (each,) * (rows - more)


def _spans(count: int, columns: int) -> tuple[int, ...]:
    in_last_row = count % columns
    if not in_last_row:
        return (1,) * count
    wide, wider = divmod(columns, in_last_row)
    return (1,) * (count - in_last_row) + (wide + 1,) * wider + (wide,) * (in_last_row - wider)
