"""The canvas of a chart: a grid of styled cells, copied and compared as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

SeriesStyle: TypeAlias = Literal[
    "series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7", "series-8"
]
"""Styles that distinguish the curves of one chart."""
RawStyle: TypeAlias = Literal["raw-1", "raw-2", "raw-3", "raw-4", "raw-5", "raw-6", "raw-7", "raw-8"]
"""Styles of raw curves behind their smoothed ones."""
MarkStyle: TypeAlias = Literal[
    "mark-user", "mark-agent", "mark-curriculum", "mark-schedule", "mark-recording", "mark-guard", "mark-launch"
]
"""Styles of marks, by the author of the change."""
HeatStyle: TypeAlias = Literal["heat-1", "heat-2", "heat-3", "heat-4", "heat-5", "heat-6", "heat-7", "heat-8", "heat-9"]
"""Backgrounds of values, from the worse or lower end of a ramp."""
DifferenceStyle: TypeAlias = Literal[
    "worse-1", "worse-2", "worse-3", "worse-4", "better-1", "better-2", "better-3", "better-4"
]
"""Backgrounds of differences, small to large."""
StyleName: TypeAlias = (
    Literal["plain", "title", "value", "readout", "axis", "label", "reference", "band-edge", "gap", "crosshair"]
    | MarkStyle
    | SeriesStyle
    | RawStyle
    | HeatStyle
    | DifferenceStyle
)
"""Meaning of a piece of text; the widget decides its look."""

SERIES_STYLES: tuple[SeriesStyle, ...] = get_args(SeriesStyle)
RAW_STYLES: tuple[RawStyle, ...] = get_args(RawStyle)
MARK_STYLES: tuple[MarkStyle, ...] = get_args(MarkStyle)
HEAT_STYLES: tuple[HeatStyle, ...] = get_args(HeatStyle)
DIFFERENCE_STYLES: tuple[DifferenceStyle, ...] = get_args(DifferenceStyle)
STYLES: tuple[StyleName, ...] = (
    *get_args(get_args(StyleName)[0]),
    *(*MARK_STYLES, *SERIES_STYLES, *RAW_STYLES, *HEAT_STYLES, *DIFFERENCE_STYLES),
)
"""All styles, fewer than `BAND`; a grid stores indices into this tuple."""
STYLE_NUMBERS: dict[StyleName, int] = {name: number for number, name in enumerate(STYLES)}

BAND = 0x40
"""Added to the number of a style where a band is behind the cell."""

Segment: TypeAlias = tuple[str, StyleName]
Line: TypeAlias = tuple[Segment, ...]
"""One line of the picture, exactly as wide as the picture."""

_SPACE = ord(" ")
NEAR = 8
"""Cells; moving the terminal's cursor over fewer costs more than repainting them."""


class CellGrid:
    """`height` lines of `width` cells; blank at first.

    `codes` and `styles` have the shape (height, width): the code point of each cell, and the number of its style, plus
    `BAND` where a band is behind it.
    """

    def __init__(self, width: int, height: int) -> None:
        self.codes: NDArray[np.uint32] = np.full((height, width), _SPACE, dtype=np.uint32)
        self.styles: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)

    @property
    def width(self) -> int:
        return int(self.codes.shape[1])

    @property
    def height(self) -> int:
        return int(self.codes.shape[0])

    def copy(self) -> CellGrid:
        other = CellGrid.__new__(CellGrid)
        other.codes, other.styles = self.codes.copy(), self.styles.copy()
        return other

    def put(self, row: int, column: int, text: str, style: StyleName) -> None:
        """Write `text` (one cell per character) from `column` on, clipped to the grid; a band stays behind it."""
        self.put_number(row, column, text, STYLE_NUMBERS[style])

    def put_number(self, row: int, column: int, text: str, style: int) -> None:
        """Write `text` as `put` does; `style` is a number below `BAND`."""
        start, stop = max(column, 0), min(column + len(text), self.width)
        if not 0 <= row < self.height or start >= stop:
            return
        shown = text[start - column : stop - column]
        self.codes[row, start:stop] = ord(shown) if stop - start == 1 else codes_of(shown)
        styles = self.styles[row, start:stop]
        styles &= BAND
        styles |= style

    def paste(self, other: CellGrid, row: int = 0, column: int = 0) -> None:
        """Copy another grid, which fits into this one with its upper left corner at this cell."""
        self.codes[row : row + other.height, column : column + other.width] = other.codes
        self.styles[row : row + other.height, column : column + other.width] = other.styles

    def segments(self, row: int) -> Iterator[tuple[str, int]]:
        """Yield the pieces of one line, each with the number of its style."""
        styles = self.styles[row]
        text = self.codes[row].tobytes().decode("utf-32-le")
        start = 0
        for end in (*(np.flatnonzero(styles[1:] != styles[:-1]) + 1).tolist(), len(text)):
            yield text[start:end], int(styles[start])
            start = end


def codes_of(text: str) -> NDArray[np.uint32]:
    """Return the code point of each character."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint32)


def changed_spans(old: CellGrid, new: CellGrid, near: int = NEAR) -> list[tuple[int, int, int]]:
    """Return where two grids of the same size differ: (line, first changed cell, cell after the last changed one).

    Changes in a line that are more than `near` cells apart give several spans.
    """
    rows, columns = np.nonzero((old.codes != new.codes) | (old.styles != new.styles))
    if not len(rows):
        return []
    apart = np.flatnonzero((rows[1:] != rows[:-1]) | (columns[1:] - columns[:-1] > near)) + 1
    starts, ends = np.concatenate(([0], apart)), np.concatenate((apart, [len(rows)])) - 1
    spans = zip(rows[starts].tolist(), columns[starts].tolist(), columns[ends].tolist(), strict=True)
    return [(row, start, last + 1) for row, start, last in spans]


@lru_cache(maxsize=1024)
def plain_text(text: str) -> str:
    """Return `text` with "?" for every character that is not printable or not exactly one cell wide."""
    return "".join(character if character.isprintable() and cell_len(character) == 1 else "?" for character in text)


def fit_text(text: str, width: int) -> str:
    """Return `text` cut to `width` cells with a closing … if it is longer; "" for a width below 1."""
    if len(text) <= width:
        return text
    return text[: width - 1].rstrip() + "…" if width > 0 else ""
