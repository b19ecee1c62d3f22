"""How charts share the room of a page. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_WIDTH, SMALLEST_HEIGHT = 26, 6
"""Cells and lines of a chart that can still be read."""
COMFORTABLE_HEIGHT = 8
"""Least lines of a chart where there are more than there is room for, and one scrolls."""
_BEST_SHAPE = 4.0
"""A curve over iterations had better be wide: so many cells for each line."""


@dataclass(frozen=True)
class GridShape:
    """`spans` tells of each chart how many of the `columns` it takes, so that the last row has no hole.

    `row_heights`, in lines, are those of the rows that are seen at once, and again of those below them; `scrolls` tells
    that there are some.
    """

    columns: int
    row_heights: tuple[int, ...]
    spans: tuple[int, ...]
    scrolls: bool


def shape_of(count: int, width: int, height: int, gap: int, columns: int = 0) -> GridShape:
    """Return how `count` charts (at least one) fill `width` by `height` cells, with `gap` cells between columns.

    `columns` is how many stand side by side, 0 as many as suit them: all can be seen if they can be read then.
    """
    most = max(1, min(count, (width + gap) // (SMALLEST_WIDTH + gap)))
    chosen = min(columns, most) if columns else _best_columns(count, most, width, height, gap)
    rows = -(-count // chosen)
    if height // rows >= SMALLEST_HEIGHT:
        return GridShape(chosen, _shares(height, rows), _spans(count, chosen), scrolls=False)
    rows_seen = max(1, height // COMFORTABLE_HEIGHT)
    return GridShape(chosen, _shares(max(height, 1), rows_seen), _spans(count, chosen), scrolls=True)


def _best_columns(count: int, most: int, width: int, height: int, gap: int) -> int:
    """Return the columns that leave charts of the best shape; if they can't all be seen, as many as can be read."""
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
    """Share lines among rows, so that no part of one more is seen."""
    each, more = divmod(height, rows)
    return (each + 1,) * more + (each,) * (rows - more)


def _spans(count: int, columns: int) -> tuple[int, ...]:
    in_last_row = count % columns
    if not in_last_row:
        return (1,) * count
    wide, wider = divmod(columns, in_last_row)
    return (1,) * (count - in_last_row) + (wide + 1,) * wider + (wide,) * (in_last_row - wider)
