"""Values of knobs and the rules that hold for all of them. Shared here because `curricula` imports no other package."""

from __future__ import annotations

import math
from typing import Literal, TypeGuard

Value = float | bool | str | tuple[float, float]
KnobValues = dict[str, Value]
"""Values by knob name."""

RampShape = Literal["linear", "geometric"]
When = Literal["on reset", "now"]
"""When a startup randomization is resampled: in each environment at its next reset, or in all at once."""

_DIGITS = 9
"""Significant digits of an interpolated value, so that it reads like one that a user typed."""


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether `value` is an int or a float; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers_of(value: Value) -> tuple[float, ...]:
    """Return the numbers of a numeric value: both ends of a range. Raises `ValueError` for a word."""
    return value if isinstance(value, tuple) else (float(value),)


def number_text(value: float, digits: int = 6) -> str:
    """Return `value` with at most `digits` significant digits and no zeros in its exponent: `1e-5`, not `1e-05`."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def numbers_problem(name: str, value: float | tuple[float, float]) -> str | None:
    """Return in one line why `value` is not finite or not a range with its low end first; None if it is fine."""
    numbers = numbers_of(value)
    for number in numbers:
        if not math.isfinite(number):
            return f"{name}: expected a finite number, got {number}"
    return order_problem(name, numbers[0], numbers[-1])


def order_problem(name: str, low: float, high: float) -> str | None:
    """Return in one line why `low` and `high`, which may be infinite, are no range; None if they are one."""
    if low <= high:
        return None
    return f"{name}: expected LOW ≤ HIGH, got {number_text(low)}:{number_text(high)}"


def between(start: Value, end: Value, share: float, shape: RampShape = "linear", digits: int | None = _DIGITS) -> Value:
    """Return the value `share` (0 to 1) of the way from `start` to `end`, both numbers or both ranges.

    Never beyond either end. `digits` are significant digits of the larger end; None keeps all. `geometric` needs ends
    above 0.
    """
    if isinstance(start, tuple) and isinstance(end, tuple):
        low, high = (_between(float(a), float(b), share, shape, digits) for a, b in zip(start, end, strict=True))
        return low, high
    return _between(float(start), float(end), share, shape, digits)  # type: ignore[arg-type]


def is_close(one: Value, other: Value) -> bool:
    """Return whether both are the same value within float32 precision."""
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
