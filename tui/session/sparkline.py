"""A few numbers as a line of text, to see at a glance how they went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_EIGHTHS = "▁▂▃▄▅▆▇█"
_FLAT = "▄"


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """Return a cell for each value, from the lowest, `▁`, to the highest, `█`; blank where one isn't finite.

    `low` and `high` are the ends of the scale, those of the values if not given. Values that are all the same stand at
    half the height.
    """
    finite = [value for value in values if math.isfinite(value)]
    low = min(finite, default=0.0) if low is None else low
    high = max(finite, default=0.0) if high is None else high
    return "".join(_cell(value, low, high) for value in values)


def resampled(values: Sequence[float], count: int) -> list[float]:
    """Return at most `count` (at least 1) values that stand for all: the means of as many equal parts."""
    if len(values) <= count:
        return list(values)
    edges = [len(values) * part // count for part in range(count + 1)]
    return [sum(values[start:stop]) / (stop - start) for start, stop in pairwise(edges)]


def _cell(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    return _EIGHTHS[_step(value, low, high, len(_EIGHTHS))] if high > low else _FLAT


def _step(value: float, low: float, high: float, steps: int) -> int:
    """Return which of `steps` equal parts from `low` to `high` holds `value`; the nearest for one outside."""
    return min(max(int((value - low) / (high - low) * steps), 0), steps - 1)
