"""What a knob is: its description, the values that it accepts, and how they are written as text.

A value is a number, a whole number (stored as a float), a range (low, high), one of several words, or on/off. As text:
`0.5`, `5`, `-1:1`, `adaptive` and `on`.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from curricula.errors import suggestion
from curricula.values import RampShape as RampShape
from curricula.values import Value as Value
from curricula.values import When as When
from curricula.values import is_number, numbers_problem
from curricula.values import number_text as number_text
from curricula.values import numbers_of as numbers_of

KnobType = Literal["number", "integer", "range", "choice", "switch"]
TakesEffect = Literal[
    "next iteration", "at each environment's reset", "at the next command", "re-randomized now", "needs a restart"
]
"""When a change takes effect. Journals keep these words; screens may show others."""

CURRICULUM_KIND = "curriculum"
"""The `kind` of a curriculum's own knobs: level, mode and limits."""

LARGEST = 1e9
"""Largest accepted magnitude: beyond it a number is a typo, and float32 sums of such numbers overflow."""

_SWITCH_WORDS = {"on": True, "true": True, "off": False, "false": False}
_TYPE_WORDS = {
    "number": "a number such as 0.5",
    "integer": "a whole number",
    "range": "a range LOW:HIGH such as -1:1",
    "switch": "on or off",
}


class Knob(msgspec.Struct, frozen=True):
    """The description of one value that can be changed while the training runs."""

    name: str
    """Unique name with its group first: `reward/track_linear_velocity/weight`."""
    kind: str
    """Group under which it is listed: `reward`, `event`, `algorithm`, `CURRICULUM_KIND`, …"""
    value: Value
    """Value in force."""
    default: Value
    """Value before any change: the task's own, or the preset's."""
    takes_effect: TakesEffect
    """When a change takes effect."""
    unit: str = ""
    """Unit of `value` and bounds, such as `m/s`; empty for dimensionless or unknown."""
    minimum: float | None = None
    """Lowest accepted number, inclusive; of both ends for a range. None: only `LARGEST` limits it."""
    maximum: float | None = None
    """Highest accepted number, as `minimum`."""
    read_only: str = ""
    """Reason why the knob can't be changed; empty where it can."""
    metric: str = ""
    """Name of the published metric that shows its effect; empty if there is none."""
    type: KnobType = "number"
    """Type of `value`."""
    choices: tuple[str, ...] = ()
    """Accepted words of a `choice`."""
    usual: Value | None = None
    """Typical value in humanoid training, where the default is neutral."""
    can_resample_now: bool = msgspec.field(name="may_be_drawn_now", default=False)
    """Whether the user chooses when it is resampled (`When`)."""
    competing_writer: str = msgspec.field(name="overwritten_by", default="")
    """What else writes the value, a curriculum term for one; a change then pins the knob. Empty for none."""
    pinned: bool = False
    """Whether the value is held against its competing writer."""
    cost: str = ""
    """Warning about the cost of a change, such as a pause; empty for none."""


def is_numeric(knob: Knob) -> bool:
    """Return whether `knob` holds numbers, with bounds and intermediate values."""
    return knob.type in ("number", "integer", "range")


def number_of(value: Value) -> float:
    """Return the value of a knob that holds one number. Raises `ValueError` for anything else."""
    (number,) = numbers_of(value)
    return number


def value_text(value: Value) -> str:
    """Return `value` as `parse_value` reads it, numbers with at most 6 significant digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return f"{number_text(value[0])}:{number_text(value[1])}"
    return number_text(value)


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
    """Return `value` converted to the knob's type: a choice's word may have been read as a number or a switch."""
    return value_text(value) if knob.type == "choice" else value


def refusal(knob: Knob, value: Value) -> str | None:
    """Return in one line why `knob` can't take `value`, or None if it can."""
    if knob.read_only:
        return f"{knob.name} is read-only: {knob.read_only}"
    if knob.type == "choice":
        if value in knob.choices and isinstance(value, str):
            return None
        return f"{knob.name}: expected {' or '.join(knob.choices)}, got {value_text(value) or 'nothing'}"
    if not _has_type(knob, value):
        return f"{knob.name}: expected {_TYPE_WORDS[knob.type]}, got {value_text(value) or 'nothing'}"
    if isinstance(value, str | bool):
        return None
    return numbers_problem(knob.name, value) or _bounds_refusal(knob, numbers_of(value))


def ramp_refusal(knob: Knob, start: Value, target: Value, iterations: int, shape: RampShape) -> str | None:
    """Return in one line why `knob` can't ramp from `start` to `target`, values that it accepts; None if it can."""
    if iterations < 1:
        return f"expected at least 1 iteration for the ramp, got {iterations}"
    if not is_numeric(knob) or knob.kind == CURRICULUM_KIND:
        return f"{knob.name} can't be ramped: it has no intermediate values"
    if shape == "geometric" and min(*numbers_of(start), *numbers_of(target)) <= 0:
        return f"{knob.name}: a geometric ramp needs positive values at both ends; use a linear ramp"
    return None


def unknown_knob(name: str, knobs: list[str]) -> str:
    """Return one line that `name` is none of `knobs`, with the nearest names."""
    return f"no such knob: {name}{suggestion(name, knobs)}"


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
        case _:
            return is_number(value) and (knob.type != "integer" or _is_whole(value))


def _is_whole(number: float) -> bool:
    return not math.isfinite(number) or number % 1 == 0  # `numbers_problem` reports infinite ones


def _bounds_refusal(knob: Knob, numbers: tuple[float, ...]) -> str | None:
    for number in numbers:
        if knob.minimum is not None and number < knob.minimum:
            return f"{knob.name}: expected at least {number_text(knob.minimum)}, got {number_text(number)}"
        if knob.maximum is not None and number > knob.maximum:
            return f"{knob.name}: expected at most {number_text(knob.maximum)}, got {number_text(number)}"
        if abs(number) > LARGEST:
            return f"{knob.name}: expected a number within ±{number_text(LARGEST)}, got {number_text(number)}"
    return None
