"""Draw curves as braille dots, 2 across and 4 down in each cell: pure arithmetic on arrays."""

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
"""Code point of the cell without dots; adding the bits of dots gives the cell with these dots."""
SOLID = BLANK + 0xFF
"""Code point of the cell with all dots."""
EVERY_OTHER = np.uint32(0x95)
"""Checkerboard of dots, for a raw curve behind its smoothed one."""

# Unicode orders the dots of a cell this way, by row and column.
_DOT_BITS = np.array([0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80], dtype=np.uint32)


class Anchor(NamedTuple):
    """A point outside the columns from which the curve enters or to which it leaves.

    `position` is in pixel columns, 0 for the first one; `value` is finite.
    """

    position: float
    value: float


def dot_rows(values: NDArray[np.float64], low: float, high: float, dots: int) -> NDArray[np.float64]:
    """Return the pixel row of each value, not rounded: 0 (topmost) for `high`, dots - 1 for `low` (below `high`).

    Values outside the axis are clipped to its ends.
    """
    inside = np.minimum(np.maximum(values, low), high)
    result: NDArray[np.float64] = (high - inside) / (high - low) * (dots - 1)
    return result


def curve_dots(
    columns: Columns,
    *,
    low: float,
    high: float,
    dots: int,
    before: Anchor | None = None,
    after: Anchor | None = None,
) -> NDArray[np.bool_]:
    """Return the pixels of a curve, shape (dots, n), rows from the top; `low` and `high` are the ends of the axis.

    Each column is a vertical line from its minimum to its maximum, extended to touch its neighbours. Columns without a
    value are bridged, but a NaN or an infinity interrupts the curve.
    """
    n = len(columns.filled)
    filled = np.flatnonzero(columns.filled)
    if not len(filled) and (before is None or after is None):
        return np.zeros((dots, n), dtype=np.bool_)
    whole = len(filled) == n
    tops = np.rint(dot_rows(columns.high[filled], low, high, dots))
    bottoms = np.rint(dot_rows(columns.low[filled], low, high, dots))
    if not whole:
        ends = [
            None if end is None else (end.position, (high - end.value) / (high - low) * (dots - 1))  # not clipped
            for end in (before, after)
        ]
        tops, bottoms = (np.clip(_interpolated(n, filled, rows, *ends), -dots, 2 * dots) for rows in (tops, bottoms))
    top, bottom = np.rint(tops).astype(np.int64), np.rint(bottoms).astype(np.int64)
    present = columns.filled
    if not whole:
        present = present | _bridged(columns, filled, before is not None, after is not None)
    joined = present[:-1] & present[1:] & ~columns.non_finite[:-1] & ~columns.non_finite[1:]
    top, bottom = _touching(top, bottom, joined)
    rows = np.arange(dots)[:, np.newaxis]
    return (rows >= top) & (rows <= bottom) & present


def braille_bits(dots: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Pack pixels of shape (4 · lines, 2 · cells) into one number per cell, shape (lines, cells); 0 without dots.

    Numbers of several curves combine with `|`; adding `BLANK` gives the code point.
    """
    lines, cells = dots.shape[0] // DOTS_DOWN, dots.shape[1] // DOTS_ACROSS
    by_cell = dots.reshape(lines, DOTS_DOWN, cells, DOTS_ACROSS).transpose(0, 2, 1, 3)
    bits: NDArray[np.uint32] = by_cell.reshape(lines, cells, DOTS_DOWN * DOTS_ACROSS).dot(_DOT_BITS)
    return bits


def _interpolated(
    count: int,
    filled: NDArray[np.intp],
    rows: NDArray[np.float64],
    before: tuple[float, float] | None,
    after: tuple[float, float] | None,
) -> NDArray[np.float64]:
    """Return a row for each column from the rows of the filled ones and the (position, row) of anchors outside."""
    first, last = [before] if before is not None else [], [after] if after is not None else []
    positions = np.concatenate(([one[0] for one in first], filled, [one[0] for one in last]))
    known = np.concatenate(([one[1] for one in first], rows, [one[1] for one in last]))
    return np.asarray(np.interp(np.arange(count), positions, known))


def _bridged(columns: Columns, filled: NDArray[np.intp], has_before: bool, has_after: bool) -> NDArray[np.bool_]:
    """Return which columns lie between two filled ones without a non-finite value in between."""
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
    """Extend vertical lines until joined neighbours meet halfway; `joined[i]` is about columns i and i + 1."""
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
