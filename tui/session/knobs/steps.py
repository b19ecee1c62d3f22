"""Accumulates presses of the step keys into one request."""

from __future__ import annotations

import math

from curricula.values import is_number
from trainer_proc.contract.knob import LARGEST, Knob, Value, is_numeric, number_text, numbers_of, value_text
from trainer_proc.contract.requests import Tune
from tui.session.knob_states import KnobState
from tui.session.knobs.bounds import bounds_text, within_bounds

_SMALL_STEP = 0.1
"""Step from 0, as a share of the usual size."""
_PART_OF_BOUNDS = 0.1
"""Usual size of a knob with bounds only, as a share of their distance."""
_DIGITS = 6


class KnobSteps:
    """Values that the user is stepping to and has not requested yet."""

    def __init__(self) -> None:
        self.wanted: dict[str, Value] = {}
        """By knob."""
        self._revision = 0

    def step(self, state: KnobState, factor: float, revision: int) -> str:
        """Multiply the wanted value by `factor` (above 0); return a one-line remark if bounds limit it, else "".

        `revision` is that of the state the user sees.
        """
        knob = state.knob
        if knob.read_only:
            return f"{knob.name} is read-only: {knob.read_only}"
        if not is_numeric(knob):
            return f"{knob.name} is a word: Enter selects another"
        now = self.wanted.get(knob.name, _soon(state))
        free = stepped(knob, now, factor)
        value = within_bounds(knob, free)
        if value == now:
            return _unchanged_text(knob, now, factor)
        if not self.wanted:
            self._revision = revision  # changes by others from now on are unseen
        self.wanted[knob.name] = value
        return "" if value == free else f"{knob.name} limited: {_limits(knob)}"

    def take(self, knobs: dict[str, KnobState]) -> Tune | None:
        """Return the request for the wanted values and forget them; None if they are current or queued already."""
        values = {name: v for name, v in self.wanted.items() if name in knobs and v != _soon(knobs[name])}
        self.wanted.clear()
        return Tune(values, revision=self._revision) if values else None


def stepped(knob: Knob, value: Value, factor: float) -> Value:
    """Return `value` one step further, ignoring bounds: a number, or the width of a range, times `factor`.

    A range keeps its centre. Whole numbers move by at least 1; a 0 moves by a share of the usual size.
    """
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


def next_word(state: KnobState, factor: float) -> str:
    """Return the word beside the one that a choice or a switch will have, from the last to the first.

    No request: a single key must not switch a word, which has no small step and which a second key does not take back.
    """
    knob, now = state.knob, _soon(state)
    words: tuple[Value, ...] = knob.choices if knob.type == "choice" else (False, True)
    place = words.index(now) if now in words else 0
    return value_text(words[(place + (1 if factor > 1 else -1)) % len(words)])


def _from_nothing(usual: float, factor: float) -> float:
    """Return the value one step from 0: halving stays, doubling goes to `usual`, 10 % goes to a share of it."""
    if factor <= 0.5:
        return 0.0
    if factor >= 2:
        return usual
    return math.copysign(_SMALL_STEP * usual, factor - 1)


def _usual_size(knob: Knob) -> float:
    for value in (knob.usual, knob.default):
        if is_number(value) and value:
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
    """Return `scaled` as a whole number different from `before`."""
    rounded = float(math.floor(abs(scaled) + 0.5))
    size = max(rounded, abs(before) + 1) if abs(scaled) > abs(before) else min(rounded, abs(before) - 1)
    return math.copysign(size, before) if size else 0.0


def _tidy(number: float, scale: float) -> float:
    """Return `number` with the digits that are shown; a rounding error relative to `scale` becomes 0."""
    return 0.0 if abs(number) < 1e-9 * abs(scale) else float(f"{number:.{_DIGITS}g}")


def _soon(state: KnobState) -> Value:
    return state.value if state.pending is None else state.pending


def _unchanged_text(knob: Knob, now: Value, factor: float) -> str:
    numbers = numbers_of(now)
    if knob.type == "range" and numbers[0] == numbers[1] and factor < 1:
        return f"{knob.name} has zero width already: {value_text(now)}"
    if numbers == (0.0,) and factor <= 0.5:
        return f"{knob.name} is 0: half of it is 0"
    return f"{knob.name} is at its limit: {value_text(now)}, {_limits(knob)}"


def _limits(knob: Knob) -> str:
    return bounds_text(knob) or f"allowed {number_text(-LARGEST)}:{number_text(LARGEST)}"
