"""One environment's row in each of several tensors, as bytes: one `cat` copies them all, whatever their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Sources = Callable[[], list[Any]]
"""Returns tensors of shape [num_envs, ...], or proxies that are sliced as these; types and sizes never change."""

_TYPES: dict[torch.dtype, Any] = {
    torch.float32: np.dtype("<f4"),
    torch.float64: np.dtype("<f8"),
    torch.int32: np.dtype("<i4"),
    torch.int64: np.dtype("<i8"),
    torch.bool: np.dtype("?"),
}
"""Types whose bytes are copied; others are converted to float32 first."""


class PackedRows:
    """Where the bytes of some quantities are in a packed row, and views of them on the device."""

    def __init__(self, sources: dict[str, Sources]) -> None:
        self._sources = list(sources.values())
        self._parts: dict[str, list[tuple[int, int, Any]]] = {}
        at = 0
        for name, read in sources.items():
            self._parts[name] = []
            for source in read():
                row = _row(source, 0)
                size = row.numel() * row.element_size()
                self._parts[name].append((at, at + size, _TYPES[row.dtype]))
                at += size
        self.size = at
        """Bytes of a row."""

    def views(self, environment: int) -> list[torch.Tensor]:
        """Return an environment's row in each tensor, as bytes. Raises `ValueError` if their sizes have changed."""
        rows = [_row(source, environment).view(torch.uint8) for read in self._sources for source in read()]
        if (size := sum(row.numel() for row in rows)) != self.size:
            raise ValueError(f"expected {self.size} bytes of an environment, got {size}: a tensor has changed")
        return rows

    def values(self, rows: Bytes) -> dict[str, list[NDArray[Any]]]:
        """Return for each quantity an array [rows, size] of each of its tensors; `rows` is [rows, bytes]."""
        return {
            name: [rows[:, first:end].view(dtype) for first, end, dtype in parts] for name, parts in self._parts.items()
        }


def _row(source: Any, environment: int) -> torch.Tensor:
    """Return one environment's values [size]: a view where possible."""
    row: torch.Tensor = source[environment : environment + 1]
    if row.dtype in _TYPES and row.is_contiguous():
        return row.as_strided((row.numel(),), (1,))  # a column's only value may have any stride
    return row.to(row.dtype if row.dtype in _TYPES else torch.float32).contiguous().reshape(-1)
