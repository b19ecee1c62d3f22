"""Pictures as arrays of RGB pixels [rows, columns, 3], and PNG files of them."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the parts of a colour `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def draw_lines(pixels: Pixels, lines: Floats, colour: str, width: int = 1) -> None:
    """Draw straight lines [N, 2 ends, (column, row)] that are `width` pixels thick."""
    for start, end in lines:
        length = float(np.hypot(*(end - start)))
        along = np.linspace(start, end, 2 * int(length) + 2)
        across = np.array((start[1] - end[1], end[0] - start[0])) / max(length, 1.0)
        for aside in np.linspace(-(width - 1) / 2, (width - 1) / 2, 2 * width - 1):
            draw_points(pixels, along + aside * across, colour)


def draw_points(pixels: Pixels, points: NDArray[np.floating[Any]], colour: str) -> None:
    """Set the pixels at these (column, row) points [N, 2]; those outside are left out."""
    at = np.rint(points).astype(np.int64)
    inside = ((at >= 0) & (at < (pixels.shape[1], pixels.shape[0]))).all(1)
    pixels[at[inside, 1], at[inside, 0]] = rgb(colour)


def png_file(pixels: Pixels) -> bytes:
    """Return the picture as PNG. Format: https://www.w3.org/TR/png-3/."""
    rows, columns, _ = pixels.shape
    unfiltered = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
