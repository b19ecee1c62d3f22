"""Letters for the texts on a film, rendered once."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tui.charts.files.png import ZOOM, png_of
from tui.charts.files.svg_elements import FONT
from tui.charts.video.pixels import Floats, Pixels, rgb

Integers = NDArray[np.int32]

_FIRST, _LAST = 32, 126
"""Letters of ASCII."""
HEIGHT = 16
"""Pixels of a line."""
_CELL = 16
"""Pixels in which a letter is rendered."""
_SIZE = 12
_DIGIT = 8
"""Pixels from a digit to the next, so that numbers that change stay in place."""
_GAP = 1.5


@dataclass(frozen=True)
class _Letter:
    coverage: Floats
    """How much of each pixel it covers, [`HEIGHT`, `_CELL`], 0 to 1."""
    width: int
    """Pixels to the next letter."""


def write_text(pixels: Pixels, column: int, row: int, text: str, colour: str) -> None:
    """Write a line of ASCII whose upper left corner is at `column`, `row`. Raises `FontError` without a font."""
    letters = _letters()
    for sign in text:
        letter = letters.get(sign, letters["?"])
        part = pixels[row : row + HEIGHT, column : column + _CELL]
        mask = letter.coverage[: part.shape[0], : part.shape[1], np.newaxis]
        part[:] = (part * (1 - mask) + np.array(rgb(colour)) * mask).astype(np.uint8)
        column += letter.width


@lru_cache(1)
def _letters() -> dict[str, _Letter]:
    signs = [chr(number) for number in range(_FIRST, _LAST + 1)]
    texts = "".join(
        f'<text x="{number * _CELL + 2}" y="{HEIGHT - 4}" font-size="{_SIZE}" fill="#ffffff">&#{ord(sign)};</text>'
        for number, sign in enumerate(signs)
        if sign != " "
    )
    size = f'width="{len(signs) * _CELL}" height="{HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}">{texts}</svg>'
    alpha = _alpha_of(png_of(svg)).astype(np.float32) / 255
    zoom = int(ZOOM)
    cells = alpha.reshape(HEIGHT, zoom, len(signs), _CELL, zoom).mean((1, 4)).swapaxes(0, 1)
    return {sign: _letter(sign, cell) for sign, cell in zip(signs, cells, strict=True)}


def _letter(sign: str, cell: Floats) -> _Letter:
    """Return a letter without the room beside it."""
    inked = np.flatnonzero(cell.any(0))
    if not len(inked):
        return _Letter(cell, _DIGIT // 2)
    first, width = int(inked[0]), int(inked[-1] - inked[0]) + 1
    if sign in "0123456789+-":
        return _Letter(np.roll(cell, (_DIGIT - width) // 2 - first, 1), _DIGIT)
    return _Letter(np.roll(cell, -first, 1), math.ceil(width + _GAP))


def _alpha_of(png: bytes) -> Pixels:
    """Return the opacity [rows, columns] of a PNG as resvg writes it: RGBA of 8 bits, not interlaced."""
    position, data = 8, b""
    columns = rows = 0
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        content = png[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            columns, rows = struct.unpack_from(">II", content)
        data += content if kind == b"IDAT" else b""
        position += length + 12
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(rows, 1 + columns * 4)
    pixels = np.zeros((rows, columns, 4), np.uint8)
    above = np.zeros((columns, 4), np.uint8)
    for row, line in enumerate(lines):
        pixels[row] = above = _unfiltered(int(line[0]), line[1:].reshape(columns, 4), above)
    return pixels[..., 3]


def _unfiltered(kind: int, line: Pixels, above: Pixels) -> Pixels:
    """Return a row of pixels from its filtered bytes. Source: https://www.w3.org/TR/png-3/#9Filters."""
    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line, axis=0, dtype=np.uint8)
    if kind == 2:
        return line + above
    row = np.zeros_like(line)
    left = corner = np.zeros(4, np.int32)
    for column, (filtered, up) in enumerate(zip(line.astype(np.int32), above.astype(np.int32), strict=True)):
        guess = (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
        row[column] = left = (filtered + guess) & 0xFF
        corner = up
    return row


def _paeth(left: Integers, up: Integers, corner: Integers) -> Integers:
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
