"""Values that presses of the step keys add up to, until they are asked for as one."""

from __future__ import annotations

import math

from trainer_proc.contract.knob import Knob, Value, is_numeric, number_text, numbers_of, value_text
from trainer_proc.contract.requests import Tune
from tui.session.knobs.bounds import bounds_of, within_bounds
from tui.session.state import KnobState

_SMALL_STEP = 0.1
"""A step from nothing, in parts of what is usual."""
_PART_OF_BOUNDS = 0.1
"""What is usual where only the bounds tell, in parts of their distance."""
_DIGITS = 6


class KnobSteps:
    """What a person who presses keys faster than the trainer answers wants in the end."""

    def __init__(self) -> None:
        """Want nothing yet."""
        self.wanted: dict[str, Value] = {}
        """By knob."""
        self._revision = 0

    def step(self, state: KnobState, factor: float, revision: int) -> str:
        """Want a knob's value times `factor` (above 0); return in one line why it isn't just that, or nothing.

        `revision` is that of the state that the person sees.
        """
        knob = state.knob
        if knob.read_only:
            return f"{knob.name} can't be changed: {knob.read_only}"
        now = self.wanted.get(knob.name, _soon(state))
        free = stepped(knob, now, factor)
        value = within_bounds(knob, free)
        if value == now:
            return _why_not(knob, now, factor)
        if not self.wanted:
            self._revision = revision  # what is changed by others from now on, the person hasn't seen
        self.wanted[knob.name] = value
        return "" if value == free else f"{knob.name} {_limits(knob)}"

    def take(self, knobs: dict[str, KnobState]) -> Tune | None:
        """Return the request for what is wanted, None if that is what is or comes anyway; nothing is wanted then."""
        values = {name: v for name, v in self.wanted.items() if name in knobs and v != _soon(knobs[name])}
        self.wanted.clear()
        return Tune(values, revision=self._revision) if values else None


def stepped(knob: Knob, value: Value, factor: float) -> Value:
    """Return a value one step further, bounds not looked at: a number times `factor`, a range as wide times `factor`.

    The range keeps its centre. A whole number moves by 1 at least, what is 0 by a part of what is usual, and words and
    switches go to their neighbour, the last word to the first.
    """
    if not is_numeric(knob):
        words: tuple[Value, ...] = knob.choices if knob.type == "choice" else (False, True)
        place = words.index(value) if value in words else 0
        return words[(place + (1 if factor > 1 else -1)) % len(words)]
    numbers = numbers_of(value)
    if knob.type == "range":
        centre, half = (numbers[0] + numbers[1]) / 2, (numbers[1] - numbers[0]) / 2
        half = half * factor if half else _from_nothing(_usual_half_width(knob, centre), factor) * (factor > 1)
        return _tidy(centre - half, half), _tidy(centre + half, half)
    if numbers[0] == 0:
        step = _from_nothing(_usual_size(knob), factor)
        return float(math.copysign(1, step)) * (step != 0) if knob.type == "integer" else _tidy(step, step)
    scaled = numbers[0] * factor
    return _whole(numbers[0], scaled) if knob.type == "integer" else _tidy(scaled, scaled)


def _from_nothing(usual: float, factor: float) -> float:
    """Return where a step leads from 0: halving stays there, doubling goes to what is `usual`, 10 % to a part of it."""
    if factor <= 0.5:
        return 0.0
    if factor >= 2:
        return usual
    return math.copysign(_SMALL_STEP * usual, factor - 1)


def _usual_size(knob: Knob) -> float:
    for value in (knob.usual, knob.default):
        if isinstance(value, float | int) and not isinstance(value, bool) and value:
            return abs(float(value))
    return _part_of_bounds(knob) or 1.0


def _usual_half_width(knob: Knob, centre: float) -> float:
    for value in (knob.usual, knob.default):
        if isinstance(value, tuple) and value[1] > value[0]:
            return (value[1] - value[0]) / 2
    return _part_of_bounds(knob) or abs(centre) or 1.0


def _part_of_bounds(knob: Knob) -> float:
    if knob.minimum is None or knob.maximum is None:
        return 0.0
    return (knob.maximum - knob.minimum) * _PART_OF_BOUNDS


def _whole(before: float, scaled: float) -> float:
    """Return `scaled` as a whole number that differs from the one before."""
    rounded = float(math.floor(abs(scaled) + 0.5))
    size = max(rounded, abs(before) + 1) if abs(scaled) > abs(before) else min(rounded, abs(before) - 1)
    return math.copysign(size, before) if size else 0.0


def _tidy(number: float, scale: float) -> float:
    """Return `number` with no more digits than are shown; beside `scale`, what is nothing but rounding is 0."""
    return 0.0 if abs(number) < 1e-9 * abs(scale) else float(f"{number:.{_DIGITS}g}")


def _soon(state: KnobState) -> Value:
    return state.value if state.pending is None else state.pending


def _why_not(knob: Knob, now: Value, factor: float) -> str:
    if not is_numeric(knob):
        return f"{knob.name} has no other choice than {value_text(now)}"
    numbers = numbers_of(now)
    if knob.type == "range" and numbers[0] == numbers[1] and factor < 1:
        return f"{knob.name} has no width that could get less: it is {value_text(now)}"
    if numbers == (0.0,) and factor <= 0.5:
        return f"{knob.name} is 0, and so is half of it"
    return f"{knob.name} is {value_text(now)} and {_limits(knob)}"


def _limits(knob: Knob) -> str:
    low, high = bounds_of(knob)
    if knob.minimum is not None and knob.maximum is not None:
        return f"stays from {number_text(low)} to {number_text(high)}"
    if knob.minimum is not None:
        return f"goes no lower than {number_text(low)}"
    return f"goes no higher than {number_text(high)}"
