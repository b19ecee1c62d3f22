"""What a knob is: its description, the values that it takes, and how they are written as text.

A value is a number, a whole number (a float too), a range (low, high), one of several words, or on/off. As text they
are `0.5`, `5`, `-1:1`, `adaptive` and `on`.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from curricula.errors import suggestion

Value = float | bool | str | tuple[float, float]
KnobType = Literal["number", "integer", "range", "choice", "switch"]
TakesEffect = Literal[
    "next iteration", "at each environment's reset", "at the next command", "re-randomized now", "needs a restart"
]
When = Literal["on reset", "now"]
"""When a startup randomization is drawn again: in each environment at its next reset, or in all at once."""
RampShape = Literal["linear", "geometric"]

CURRICULUM_KIND = "curriculum"
"""The `kind` of a curriculum's own knobs: level, mode and limits."""

LARGEST = 1e9
"""Numbers beyond plus or minus this are taken for slips of the finger; in float32, sums of them would be infinite."""

_SWITCH_WORDS = {"on": True, "true": True, "off": False, "false": False}
_TYPE_WORDS = {
    "number": "a number, such as 0.5",
    "integer": "a whole number",
    "range": "a range LOW:HIGH, such as -1:1",
    "switch": "on or off",
}


class Knob(msgspec.Struct, frozen=True):
    """One value that can be changed while the training runs.

    `minimum` and `maximum` are inclusive, for a range they hold both ends; None means unbounded. `choices` are the
    words of a choice. `usual` is what the field usually sets, where the default is neutral. `read_only` holds the
    reason why the knob can't be turned and is empty where it can. `metric` names the published metric that shows its
    effect. `may_be_drawn_now` tells that the person chooses when (`When`). `competing_writer` names what else writes
    the value, a curriculum term for one: an edit then pins it, and `pinned` tells that it is. `cost` warns of what a
    change costs, such as a pause.
    """

    name: str
    kind: str
    value: Value
    default: Value
    takes_effect: TakesEffect
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    read_only: str = ""
    metric: str = ""
    type: KnobType = "number"
    choices: tuple[str, ...] = ()
    usual: Value | None = None
    may_be_drawn_now: bool = False
    competing_writer: str = msgspec.field(name="overwritten_by", default="")
    pinned: bool = False
    cost: str = ""


def is_numeric(knob: Knob) -> bool:
    """Tell whether `knob` holds numbers, with bounds and values in between."""
    return knob.type in ("number", "integer", "range")


def numbers_of(value: Value) -> tuple[float, ...]:
    """Return the numbers of a numeric knob's value: both ends of a range."""
    return value if isinstance(value, tuple) else (float(value),)


def number_of(value: Value) -> float:
    """Return the value of a knob that holds one number."""
    (number,) = numbers_of(value)
    return number


def value_text(value: Value) -> str:
    """Return `value` as `parse_value` reads it, with at most 6 digits a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return f"{number_text(value[0])}:{number_text(value[1])}"
    return number_text(value)


def number_text(value: float, digits: int = 6) -> str:
    """Return `value` with at most so many digits and no zeros in its exponent: `1e-5`, not `1e-05`."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def parse_value(text: str) -> Value:
    """Return the value that `text` means: `0.5`, `-1:1` or `-1,1`, `on`, `off`, or a word. Never fails."""
    text = text.strip()
    number = _number(text)
    if number is not None:
        return number
    for separator in (":", ","):
        low, found, high = text.strip("()[]").partition(separator)
        ends = (_number(low), _number(high))
        if found and ends[0] is not None and ends[1] is not None:
            return ends[0], ends[1]
    return _SWITCH_WORDS.get(text.lower(), text)


def fitted(knob: Knob, value: Value) -> Value:
    """Return `value` as `knob` means it: a choice's word may read as a number or a switch, as `off` does."""
    return value_text(value) if knob.type == "choice" else value


def refusal(knob: Knob, value: Value) -> str | None:
    """Return why `knob` can't take `value`, as one line, or None if it can."""
    if knob.read_only:
        return f"{knob.name} can't be changed: {knob.read_only}"
    if knob.type == "choice":
        if value in knob.choices and isinstance(value, str):
            return None
        return f"{knob.name} must be {' or '.join(knob.choices)}, not {value_text(value)}"
    if not _has_type(knob, value):
        return f"{knob.name} must be {_TYPE_WORDS[knob.type]}, not {value_text(value)}"
    return _number_refusal(knob, numbers_of(value)) if is_numeric(knob) else None


def ramp_refusal(knob: Knob, start: Value, value: Value, shape: RampShape) -> str | None:
    """Return why `knob` can't go from `start` to `value` by a ramp, both values that it takes, or None if it can."""
    if not is_numeric(knob) or knob.kind == "curriculum":
        return f"{knob.name} can't be ramped: it has no values in between"
    if shape == "geometric" and min(*numbers_of(start), *numbers_of(value)) <= 0:
        return f"{knob.name} can't be ramped geometrically: that needs positive values at both ends; use a linear ramp"
    return None


def unknown_knob(name: str, knobs: list[str]) -> str:
    """Return the one line that says that `name` is none of `knobs`, with the nearest."""
    return f"there is no knob {name}{suggestion(name, knobs)}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _has_type(knob: Knob, value: Value) -> bool:
    match knob.type:
        case "switch":
            return isinstance(value, bool)
        case "range":
            return isinstance(value, tuple)
        case "integer":
            return _is_number(value) and not (math.isfinite(float(value)) and float(value) % 1)  # type: ignore[arg-type]
        case _:
            return _is_number(value)


def _is_number(value: Value) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _number_refusal(knob: Knob, numbers: tuple[float, ...]) -> str | None:
    for number in numbers:
        if not math.isfinite(number):
            return f"{knob.name} must be a finite number, not {number}"
        if knob.minimum is not None and number < knob.minimum:
            return f"{knob.name} must be at least {number_text(knob.minimum)}, not {number_text(number)}"
        if knob.maximum is not None and number > knob.maximum:
            return f"{knob.name} must be at most {number_text(knob.maximum)}, not {number_text(number)}"
        if abs(number) > LARGEST:
            return f"{knob.name} must be within ±{number_text(LARGEST)}, not {number_text(number)}"
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return f"{knob.name} must have its low end first: {number_text(numbers[0])} is above {number_text(numbers[1])}"
    return None
