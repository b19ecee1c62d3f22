"""The values that a curriculum asks for. `trainer_proc.contract.knob` has the same type; curricula stand on nothing."""

from __future__ import annotations

import math
from typing import Literal

Value = float | bool | str | tuple[float, float]
KnobValues = dict[str, Value]
"""Values by knob name."""

RampShape = Literal["linear", "geometric"]

_DIGITS = 9
"""As many as a person would write."""


def between(start: Value, end: Value, share: float, shape: RampShape = "linear", digits: int | None = _DIGITS) -> Value:
    """Return the value `share` (0 to 1) of the way from `start` to `end`, both numbers or both ranges.

    Never beyond either; with `digits` of the larger end's, None for all. A `geometric` way needs ends above 0.
    """
    if isinstance(start, tuple) and isinstance(end, tuple):
        low, high = (_between(float(a), float(b), share, shape, digits) for a, b in zip(start, end, strict=True))
        return low, high
    return _between(float(start), float(end), share, shape, digits)  # type: ignore[arg-type]


def is_close(one: Value, other: Value) -> bool:
    """Tell whether both are the same value, up to what a simulator's float32 makes of it."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(is_close(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool | str | tuple) or isinstance(other, bool | str | tuple):
        return one == other
    return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-8)


def _between(start: float, end: float, share: float, shape: RampShape, digits: int | None) -> float:
    if share <= 0 or share >= 1:
        return start if share <= 0 else end
    if shape == "geometric":
        value = math.exp(math.log(start) * (1 - share) + math.log(end) * share)  # `end / start` may be infinite
    else:
        value = start * (1 - share) + end * share
    largest = max(abs(start), abs(end))
    if digits is not None and largest:
        value = round(value, digits - math.ceil(math.log10(largest)))
    return min(max(value, min(start, end)), max(start, end))  # rounding must not lead beyond a bound
