"""Curves as braille dots, 2 across and 4 down in each cell. Pure arithmetic on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.session.metrics.pyramid import Columns

DOTS_ACROSS = 2
"""Pixel columns in a cell."""
DOTS_DOWN = 4
"""Pixel rows in a cell."""
BLANK = 0x2800
"""Unicode number of the cell without dots; the sum with the dots' bits is that of the cell with dots."""
SOLID = BLANK + 0xFF
"""Unicode number of the cell with all dots."""
EVERY_OTHER = np.uint32(0x95)
"""The dots of a cell that a checkerboard has: what is left of a curve that others are drawn over."""

# Unicode numbers the dots of a cell in this order, by row and column.
_DOT_BITS = np.array([0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80], dtype=np.uint32)


class Anchor(NamedTuple):
    """A point outside the columns that the curve comes from or goes to.

    `position` counts pixel columns, 0 for the first; `value` is finite.
    """

    position: float
    value: float


def dot_rows(values: NDArray[np.float64], low: float, high: float, dots: int) -> NDArray[np.float64]:
    """Find the pixel row of each value: 0, the topmost, for `high` to dots - 1 for `low` (below `high`); not rounded.

    What is outside the axis is at its end.
    """
    inside = np.minimum(np.maximum(values, low), high)
    result: NDArray[np.float64] = (high - inside) / (high - low) * (dots - 1)
    return result


def curve_dots(
    columns: Columns,
    low: float,
    high: float,
    dots: int,
    before: Anchor | None = None,
    after: Anchor | None = None,
) -> NDArray[np.bool_]:
    """Set the pixels of a curve, shape (dots, n), rows from the top; `low` and `high` are the ends of the value axis.

    Each column is a vertical line from its minimum to its maximum, long enough to touch its neighbours. Columns
    without a value are bridged, except across a NaN or an infinity: there the curve is interrupted.
    """
    n = len(columns.filled)
    filled = np.flatnonzero(columns.filled)
    if not len(filled) and (before is None or after is None):
        return np.zeros((dots, n), dtype=np.bool_)
    whole = len(filled) == n
    tops = np.rint(dot_rows(columns.high[filled], low, high, dots))
    bottoms = np.rint(dot_rows(columns.low[filled], low, high, dots))
    if not whole:
        places, tops, bottoms = _with_anchors(filled, tops, bottoms, before, after, low, high, dots)
        position = np.arange(n)
        tops, bottoms = (np.clip(np.interp(position, places, rows), -dots, 2 * dots) for rows in (tops, bottoms))
    top, bottom = np.rint(tops).astype(np.int64), np.rint(bottoms).astype(np.int64)
    present = columns.filled
    if not whole:
        present = present | _bridged(columns, filled, before is not None, after is not None)
    joined = present[:-1] & present[1:] & ~columns.non_finite[:-1] & ~columns.non_finite[1:]
    top, bottom = _touching(top, bottom, joined)
    rows = np.arange(dots)[:, np.newaxis]
    return (rows >= top) & (rows <= bottom) & present


def braille_bits(dots: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Pixels of shape (4 · lines, 2 · cells) as one number a cell, shape (lines, cells); 0 where no dot is set.

    Numbers of several curves can be combined with `|`; with `BLANK` added, it is the character's.
    """
    lines, cells = dots.shape[0] // DOTS_DOWN, dots.shape[1] // DOTS_ACROSS
    by_cell = dots.reshape(lines, DOTS_DOWN, cells, DOTS_ACROSS).transpose(0, 2, 1, 3)
    bits: NDArray[np.uint32] = by_cell.reshape(lines, cells, DOTS_DOWN * DOTS_ACROSS).dot(_DOT_BITS)
    return bits


def _with_anchors(
    filled: NDArray[np.intp],
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    before: Anchor | None,
    after: Anchor | None,
    low: float,
    high: float,
    dots: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return positions and rows of what the curve runs through, from left to right."""

    def row(anchor: Anchor) -> float:
        return (high - anchor.value) / (high - low) * (dots - 1)  # outside the axis too: the curve leaves the plot

    first = [before] if before is not None else []
    last = [after] if after is not None else []
    places = np.concatenate(([one.position for one in first], filled, [one.position for one in last]))
    first_rows, last_rows = [row(one) for one in first], [row(one) for one in last]
    return (
        places,
        np.concatenate((first_rows, tops, last_rows)),
        np.concatenate((first_rows, bottoms, last_rows)),
    )


def _bridged(columns: Columns, filled: NDArray[np.intp], has_before: bool, has_after: bool) -> NDArray[np.bool_]:
    """Which columns lie between two filled ones without any non-finite value from the one to the other."""
    n = len(columns.filled)
    ends = np.concatenate(([0], filled, [n - 1]))
    following = np.searchsorted(filled, np.arange(n))
    inside = ((following > 0) | has_before) & ((following < len(filled)) | has_after)
    non_finite_before = np.concatenate(([0], np.cumsum(columns.non_finite)))
    unbroken: NDArray[np.bool_] = non_finite_before[ends[following + 1] + 1] == non_finite_before[ends[following]]
    return inside & unbroken


def _touching(
    top: NDArray[np.int64], bottom: NDArray[np.int64], joined: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lengthen vertical lines until joined neighbours meet halfway; `joined[i]` speaks of columns i and i + 1."""
    longer_top, longer_bottom = top.copy(), bottom.copy()
    falling = np.flatnonzero(joined & (bottom[:-1] + 1 < top[1:]))
    if len(falling):
        middle = (bottom[falling] + top[falling + 1]) // 2
        longer_bottom[falling] = np.maximum(longer_bottom[falling], middle)
        longer_top[falling + 1] = np.minimum(longer_top[falling + 1], middle + 1)
    rising = np.flatnonzero(joined & (bottom[1:] + 1 < top[:-1]))
    if len(rising):
        middle = (bottom[rising + 1] + top[rising]) // 2
        longer_bottom[rising + 1] = np.maximum(longer_bottom[rising + 1], middle)
        longer_top[rising] = np.minimum(longer_top[rising], middle + 1)
    return longer_top, longer_bottom
