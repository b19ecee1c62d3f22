"""Sparklines: numbers as one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_EIGHTHS = "▁▂▃▄▅▆▇█"
_FLAT = "▄"


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """Return one cell a value, from `▁` (lowest) to `█` (highest); blank for non-finite ones.

    The scale is `low` to `high`, by default the range of the values. Equal values are drawn at half height.
    """
    finite = [value for value in values if math.isfinite(value)]
    low = min(finite, default=0.0) if low is None else low
    high = max(finite, default=0.0) if high is None else high
    return "".join(_cell(value, low, high) for value in values)


def resampled(values: Sequence[float], count: int) -> list[float]:
    """Return at most `count` (at least 1) values: the means of equal parts."""
    if len(values) <= count:
        return list(values)
    edges = [len(values) * part // count for part in range(count + 1)]
    return [sum(values[start:stop]) / (stop - start) for start, stop in pairwise(edges)]


def _cell(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    return _EIGHTHS[_step(value, low, high, len(_EIGHTHS))] if high > low else _FLAT


def _step(value: float, low: float, high: float, steps: int) -> int:
    """Return which of `steps` equal parts of `low` to `high` contains `value`; the nearest if outside."""
    return min(max(int((value - low) / (high - low) * steps), 0), steps - 1)
