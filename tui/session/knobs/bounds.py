"""The numbers that a knob takes."""

from __future__ import annotations

from trainer_proc.contract.knob import LARGEST, Knob, Value, is_numeric, number_text, numbers_of


def bounds_of(knob: Knob) -> tuple[float, float]:
    """Return the least and the largest number that a numeric knob takes; both ends of a range lie between them."""
    low = -LARGEST if knob.minimum is None else max(knob.minimum, -LARGEST)
    high = LARGEST if knob.maximum is None else min(knob.maximum, LARGEST)
    return low, high


def within_bounds(knob: Knob, value: Value) -> Value:
    """Return the nearest value that the knob's bounds allow; words and switches have none."""
    if not is_numeric(knob):
        return value
    low, high = bounds_of(knob)
    numbers = [min(max(number, low), high) for number in numbers_of(value)]
    return (numbers[0], numbers[1]) if knob.type == "range" else numbers[0]


def bounds_text(knob: Knob) -> str:
    """Return what a numeric knob takes, in words; nothing where everything goes."""
    if knob.minimum is not None and knob.maximum is not None:
        return f"{number_text(knob.minimum)} to {number_text(knob.maximum)}"
    if knob.minimum is not None:
        return f"at least {number_text(knob.minimum)}"
    return "" if knob.maximum is None else f"at most {number_text(knob.maximum)}"
