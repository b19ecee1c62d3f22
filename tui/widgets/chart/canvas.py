"""What a chart is painted on: a grid of styled cells, and curves as braille dots, 2 across and 4 down in each cell."""

from __future__ import annotations

from itertools import groupby
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from tui.session.series import Columns

StyleName: TypeAlias = Literal[
    "plain",
    "title",
    "value",
    "axis",
    "label",
    "reference",
    "mark",
    "gap",
    "series-1",
    "series-2",
    "series-3",
    "series-4",
]
"""What a piece of text means; the widget decides how each of them looks."""

SeriesStyle: TypeAlias = Literal["series-1", "series-2", "series-3", "series-4"]
"""The styles that tell the curves of one chart apart."""
SERIES_STYLES: tuple[SeriesStyle, ...] = get_args(SeriesStyle)

Segment: TypeAlias = tuple[str, StyleName]
Line: TypeAlias = tuple[Segment, ...]
"""One line of the picture, exactly as many cells long as the picture is wide."""

DOTS_ACROSS = 2
"""Pixel columns in a cell."""
DOTS_DOWN = 4
"""Pixel rows in a cell."""

_BRAILLE_BLANK = 0x2800
# Unicode numbers the dots of a cell in this order, by row and column.
_DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint32)


class CellGrid:
    """`height` lines of `width` cells, each with one character and a style; blank at first."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._characters = [[" "] * width for _ in range(height)]
        self._styles: list[list[StyleName]] = [["plain"] * width for _ in range(height)]

    def put(self, row: int, column: int, text: str, style: StyleName) -> None:
        """Write `text` (one cell a character) from `column` on; what falls outside the grid is left out."""
        if not 0 <= row < self.height:
            return
        for position, character in enumerate(text, start=column):
            if 0 <= position < self.width:
                self._characters[row][position] = character
                self._styles[row][position] = style

    def at(self, row: int, column: int) -> Segment:
        """Return the character and the style of one cell inside the grid."""
        return self._characters[row][column], self._styles[row][column]

    def lines(self) -> list[Line]:
        """Return the grid as lines whose neighbouring cells of one style are joined."""
        return [_joined(*row) for row in zip(self._characters, self._styles, strict=True)]


def _joined(characters: list[str], styles: list[StyleName]) -> Line:
    segments: list[Segment] = []
    start = 0
    for style, run in groupby(styles):
        end = start + sum(1 for _ in run)
        segments.append(("".join(characters[start:end]), style))
        start = end
    return tuple(segments)


def changed_spans(old: list[Line], new: list[Line]) -> list[tuple[int, int, int]]:
    """Where two pictures of the same size differ: (line, first changed cell, cell after the last changed one)."""
    spans = []
    for row, (before, after) in enumerate(zip(old, new, strict=True)):
        if before != after:
            pairs = zip(_cells(before), _cells(after), strict=True)
            changed = [column for column, (left, right) in enumerate(pairs) if left != right]
            spans.append((row, changed[0], changed[-1] + 1))
    return spans


def _cells(line: Line) -> list[tuple[str, StyleName]]:
    return [(character, style) for text, style in line for character in text]


def plain_text(text: str) -> str:
    """`text` with every character that isn't printable and exactly one cell wide replaced by "?"."""
    return "".join(character if character.isprintable() and cell_len(character) == 1 else "?" for character in text)


def fit_text(text: str, width: int) -> str:
    """`text`, cut to `width` cells with a closing … if it is longer; "" if there is no room at all."""
    if len(text) <= width:
        return text
    return text[: width - 1].rstrip() + "…" if width > 0 else ""


def dot_rows(values: NDArray[np.float64], low: float, high: float, dots: int) -> NDArray[np.int64]:
    """Find the pixel row of each finite value: 0, the topmost, for `high` to dots - 1 for `low` (below `high`)."""
    share = (high - np.clip(values, low, high)) / (high - low)
    return np.rint(share * (dots - 1)).astype(np.int64)


def curve_dots(columns: Columns, low: float, high: float, dots: int) -> NDArray[np.bool_]:
    """Set the pixels of a curve, shape (dots, n), rows from the top; `low` and `high` are the ends of the value axis.

    Each column is a vertical line from its minimum to its maximum, long enough to touch its neighbours. Columns
    without a value are bridged, except across a NaN or an infinity: there the curve is interrupted.
    """
    n = len(columns.filled)
    filled = np.flatnonzero(columns.filled)
    if not len(filled):
        return np.zeros((dots, n), dtype=np.bool_)
    position = np.arange(n)
    top = np.rint(np.interp(position, filled, dot_rows(columns.high[filled], low, high, dots))).astype(np.int64)
    bottom = np.rint(np.interp(position, filled, dot_rows(columns.low[filled], low, high, dots))).astype(np.int64)
    present = columns.filled | _bridged(columns, filled)
    joined = present[:-1] & present[1:] & ~columns.non_finite[:-1] & ~columns.non_finite[1:]
    top, bottom = _touching(top, bottom, joined)
    rows = np.arange(dots)[:, np.newaxis]
    return (rows >= top) & (rows <= bottom) & present


def _bridged(columns: Columns, filled: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which columns lie between two filled ones without any non-finite value from the one to the other."""
    position = np.arange(len(columns.filled))
    following = np.searchsorted(filled, position)
    inside = (following > 0) & (following < len(filled))
    right = filled[np.minimum(following, len(filled) - 1)]
    left = filled[np.maximum(following - 1, 0)]
    non_finite_before = np.concatenate(([0], np.cumsum(columns.non_finite)))
    unbroken: NDArray[np.bool_] = non_finite_before[right + 1] == non_finite_before[left]
    return inside & unbroken


def _touching(
    top: NDArray[np.int64], bottom: NDArray[np.int64], joined: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lengthen vertical lines until joined neighbours meet halfway; `joined[i]` speaks of columns i and i + 1."""
    longer_top, longer_bottom = top.copy(), bottom.copy()
    falling = joined & (bottom[:-1] + 1 < top[1:])
    middle = (bottom[:-1] + top[1:]) // 2
    longer_bottom[:-1] = np.where(falling, np.maximum(longer_bottom[:-1], middle), longer_bottom[:-1])
    longer_top[1:] = np.where(falling, np.minimum(longer_top[1:], middle + 1), longer_top[1:])
    rising = joined & (bottom[1:] + 1 < top[:-1])
    middle = (bottom[1:] + top[:-1]) // 2
    longer_bottom[1:] = np.where(rising, np.maximum(longer_bottom[1:], middle), longer_bottom[1:])
    longer_top[:-1] = np.where(rising, np.minimum(longer_top[:-1], middle + 1), longer_top[:-1])
    return longer_top, longer_bottom


def braille_codes(dots: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Pixels of shape (4 · lines, 2 · cells) as one number a cell, shape (lines, cells); 0 where no dot is set.

    Numbers of several curves can be combined with `|`.
    """
    lines, cells = dots.shape[0] // DOTS_DOWN, dots.shape[1] // DOTS_ACROSS
    by_cell = dots.reshape(lines, DOTS_DOWN, cells, DOTS_ACROSS)
    codes: NDArray[np.uint32] = np.einsum("ldca,da->lc", by_cell.astype(np.uint32), _DOT_BITS)
    return codes


def braille_character(code: int) -> str:
    """Return the character that shows the dots of one cell."""
    return chr(_BRAILLE_BLANK + code)
