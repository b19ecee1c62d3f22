"""Allowed numbers of a knob."""

from __future__ import annotations

from trainer_proc.contract.knob import LARGEST, Knob, Value, is_numeric, number_text, numbers_of


def bounds_of(knob: Knob) -> tuple[float, float]:
    """Return the smallest and largest number of a numeric knob; both ends of a range lie between them."""
    low = -LARGEST if knob.minimum is None else max(knob.minimum, -LARGEST)
    high = LARGEST if knob.maximum is None else min(knob.maximum, LARGEST)
    return low, high


def within_bounds(knob: Knob, value: Value) -> Value:
    """Return the nearest allowed value; choices and switches have no bounds."""
    if not is_numeric(knob):
        return value
    low, high = bounds_of(knob)
    numbers = [min(max(number, low), high) for number in numbers_of(value)]
    return (numbers[0], numbers[1]) if knob.type == "range" else numbers[0]


def bounds_text(knob: Knob) -> str:
    """Return the allowed numbers as `allowed LOW:HIGH`, `allowed ≥ LOW` or `allowed ≤ HIGH`; empty without bounds."""
    if knob.minimum is not None and knob.maximum is not None:
        return f"allowed {number_text(knob.minimum)}:{number_text(knob.maximum)}"
    if knob.minimum is not None:
        return f"allowed ≥ {number_text(knob.minimum)}"
    return "" if knob.maximum is None else f"allowed ≤ {number_text(knob.maximum)}"
