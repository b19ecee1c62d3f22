"""The values that a curriculum asks for. `trainer_proc.wire.knob` has the same type; curricula stand on nothing."""

from __future__ import annotations

import math
from typing import Literal

Value = float | bool | str | tuple[float, float]
KnobValues = dict[str, Value]
"""Values by knob name."""

RampShape = Literal["linear", "geometric"]

_DIGITS = 9


def between(start: Value, end: Value, share: float, shape: RampShape = "linear") -> Value:
    """Return the value `share` (0 to 1) of the way from `start` to `end`, both numbers or both ranges.

    Never beyond either; with as many digits as a person would write. A `geometric` way needs ends above 0.
    """
    if isinstance(start, tuple) and isinstance(end, tuple):
        low, high = (_between(a, b, share, shape) for a, b in zip(start, end, strict=True))
        return low, high
    return _between(float(start), float(end), share, shape)  # type: ignore[arg-type]


def is_close(one: Value, other: Value) -> bool:
    """Tell whether both are the same value, up to what a simulator's float32 makes of it."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(is_close(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool | str | tuple) or isinstance(other, bool | str | tuple):
        return one == other
    return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-8)


def _between(start: float, end: float, share: float, shape: RampShape) -> float:
    if share <= 0 or share >= 1:
        return start if share <= 0 else end
    value = start * (end / start) ** share if shape == "geometric" else start * (1 - share) + end * share
    largest = max(abs(start), abs(end))
    rounded = round(value, _DIGITS - math.ceil(math.log10(largest))) if largest else 0.0
    return min(max(rounded, min(start, end)), max(start, end))
