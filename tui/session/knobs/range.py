"""A range as a bar with two handles: scale of the bar, and positions of the handles."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Literal

from trainer_proc.contract.knob import Knob, Value
from tui.session.knobs.bounds import bounds_of

Handle = Literal["low", "high"]
Ends = tuple[float, float]

_STEPS = 100
"""Approximate number of small steps along the bar."""
_STEPS_IN_A_BIG_ONE = 10
_WIDEST_BOUNDS = 20
"""Bounds wider than this many times the values would put both handles in one cell."""


@dataclass(frozen=True)
class RangeScale:
    """Values at the ends of the bar, and the small step: 1, 2 or 5 times a power of ten."""

    low: float
    high: float
    step: float


def scale_of(knob: Knob, ends: Ends) -> RangeScale:
    """Return the scale of the bar for `knob` at `ends`: its bounds where they are near enough.

    Otherwise it covers `ends`, default and usual value, with half their extent added on both sides.
    """
    known = [value for value in (ends, knob.default, knob.usual) if isinstance(value, tuple)]
    lowest, highest = min(low for low, _ in known), max(high for _, high in known)
    extent = highest - lowest or abs(highest) or 1.0
    floor, ceiling = bounds_of(knob)
    if ceiling - floor <= _WIDEST_BOUNDS * extent:
        low, high = min(floor, lowest), max(ceiling, highest)
    else:
        low, high = max(lowest - extent / 2, min(floor, lowest)), min(highest + extent / 2, max(ceiling, highest))
    if low == high:  # bounds that leave no room
        low, high = low - extent / 2, high + extent / 2
    return RangeScale(low, high, _nice(max((high - low) / _STEPS, sys.float_info.min)))


def stepped_handle(knob: Knob, ends: Ends, handle: Handle, by: int, is_big: bool = False) -> Ends:
    """Return the ends with one moved `by` small or big steps: on multiples of the step, within the bounds.

    Handles do not pass each other.
    """
    step = scale_of(knob, ends).step * (_STEPS_IN_A_BIG_ONE if is_big else 1)
    now = ends[0] if handle == "low" else ends[1]
    steps = now / step
    nearest = round(steps)
    if abs(steps - nearest) < 1e-6:
        target = nearest + by
    else:
        target = (math.floor(steps) if by < 0 else math.ceil(steps)) + by - (1 if by > 0 else -1)
    return with_handle(knob, ends, handle, target * step)


def dragged_handle(knob: Knob, scale: RangeScale, ends: Ends, handle: Handle, share: float) -> Ends:
    """Return the ends with one at `share` (0 to 1) of the bar, on a multiple of the step."""
    place = scale.low + min(max(share, 0.0), 1.0) * (scale.high - scale.low)
    snapped = min(max(round(place / scale.step) * scale.step, scale.low), scale.high)
    return with_handle(knob, ends, handle, snapped)


def with_handle(knob: Knob, ends: Ends, handle: Handle, number: float) -> Ends:
    """Return the ends with one set to `number`, within the knob's bounds and not past the other one."""
    low, high = ends
    floor, ceiling = bounds_of(knob)
    number = min(max(float(f"{number:.6g}"), floor), ceiling)
    return (min(number, high), high) if handle == "low" else (low, max(number, low))


def share_of(scale: RangeScale, number: float) -> float:
    """Return the position of `number` on the bar, 0 to 1."""
    return min(max((number - scale.low) / (scale.high - scale.low), 0.0), 1.0)


def ends_of(value: Value) -> Ends | None:
    """Return the ends of a finite range with the lower end first; None for other values."""
    if not isinstance(value, tuple) or not all(map(math.isfinite, value)) or value[0] > value[1]:
        return None
    return value


def _nice(number: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(number))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= number * (1 - 1e-9))
