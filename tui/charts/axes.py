"""The value axis: its ends, its ticks and their labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from tui.session.metrics.traits import NO_LIMITS, Limits

LABEL_WIDTH = 7
"""Maximum characters of a formatted value."""

_LARGEST_VALUE = 1e300  # beyond it, the span of an axis would overflow
_SMALLEST_SPAN = 1e-300
_UNITS = ((12, "T"), (9, "G"), (6, "M"), (3, "k"))


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    position: float
    label: str


@dataclass(frozen=True)
class ValueAxis:
    """A value axis from `low` to `high` (finite, low < high) with 2 or more ticks inside, from low to high.

    With `log`, ends and ticks are the decimal logarithms of the values.
    """

    low: float
    high: float
    ticks: tuple[Tick, ...]
    log: bool = False

    @property
    def label_width(self) -> int:
        """Characters of the longest label."""
        return max(len(tick.label) for tick in self.ticks)

    def place(self, value: float) -> float | None:
        """Return the position of a finite value in the unit of the ends; None for a value <= 0 on a log axis."""
        if not self.log:
            return value
        return math.log10(value) if value > 0 else None


@dataclass(frozen=True)
class Step:
    """A distance between ticks: `mantissa` (1, 2 or 5) times 10 to the `exponent`."""

    mantissa: int
    exponent: int

    def times(self, factor: int) -> float:
        """Return `factor` times the step."""
        # Parsing decimal text rounds once; multiplying would round twice.
        return float(f"{self.mantissa * factor}e{self.exponent}")


def format_value(value: float) -> str:
    """Format a number in at most 7 characters and 4 significant digits: "12.4", "12.5k", "-1.2e-5", "nan"."""
    if not math.isfinite(value):
        return str(float(value))
    within = max(-1e308, min(1e308, value))
    return next(text for digits in (4, 3, 2, 1) if len(text := _significant(within, digits)) <= LABEL_WIDTH)


def _significant(value: float, digits: int) -> str:
    rounded = float(f"{value:.{digits - 1}e}")
    magnitude = abs(rounded)
    if magnitude == 0:
        return "0"
    if not 1e-3 <= magnitude < 1e15:
        return _exponential(rounded, digits - 1, strip=True)
    power, suffix = _unit(magnitude)
    decimals = max(0, digits - 1 - math.floor(math.log10(magnitude)) + power)
    return _without_trailing_zeros(f"{rounded / 10**power:.{decimals}f}") + suffix


def _exponential(value: float, decimals: int, *, strip: bool = False) -> str:
    mantissa, exponent = f"{value:.{max(0, decimals)}e}".split("e")
    return f"{_without_trailing_zeros(mantissa) if strip else mantissa}e{int(exponent)}"


def _without_trailing_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(magnitude: float) -> tuple[int, str]:
    """Return the power of ten and its suffix for numbers up to `magnitude`; below 10,000 there is no suffix."""
    if magnitude >= 1e4:
        for power, suffix in _UNITS:
            if magnitude >= 10**power:
                return power, suffix
    return 0, ""


@lru_cache(maxsize=256)
def value_axis(low: float, high: float, most_ticks: int, limits: Limits = NO_LIMITS) -> ValueAxis:
    """Return an axis that shows all values from `low` to `high` (finite) with 2 to `most_ticks` (at least 3) ticks.

    Its ends are rounded outwards to quarters of a step, so most new values do not move them. A spread below a
    thousandth of the values is not magnified further, as labels could not show it. The axis of values within `limits`,
    each infinite or 0 or 1, stays within them.
    """
    low, high = (max(-_LARGEST_VALUE, min(_LARGEST_VALUE, end)) for end in (low, high))
    low, high = _within(_widened(low, high), limits[0] if low >= limits[0] else -math.inf, max(limits[1], high))
    for step in round_steps((high - low) / (most_ticks + 1)):
        quarter = step.times(1) / 4
        first, last = math.floor(low / quarter + 1e-9), math.ceil(high / quarter - 1e-9)
        if last // 4 <= -(-first // 4):  # fewer than two ticks inside: round the ends to ticks
            first, last = first // 4 * 4, max(-(-last // 4), first // 4 + 1) * 4
        factors = list(range(-(-first // 4), last // 4 + 1))
        labels = tick_labels(factors, step)
        if len(factors) <= most_ticks and len(set(labels)) == len(labels) and max(map(len, labels)) <= LABEL_WIDTH:
            ticks = tuple(Tick(step.times(factor), label) for factor, label in zip(factors, labels, strict=True))
            return ValueAxis(first * quarter, last * quarter, ticks)
    raise AssertionError("there is always a larger step")


def _widened(low: float, high: float) -> tuple[float, float]:
    largest = max(abs(low), abs(high))
    span = 1e-3 * largest if high > low else 0.2 * largest or 2.0
    missing = max(span, _SMALLEST_SPAN) - (high - low)
    return (low - missing / 2, high + missing / 2) if missing > 0 else (low, high)


def _within(ends: tuple[float, float], lowest: float, highest: float) -> tuple[float, float]:
    """Move the ends of an axis between `lowest` and `highest`; cut what remains outside."""
    low, high = ends
    if low < lowest:
        low, high = lowest, high + (lowest - low)
    if high > highest:
        low, high = max(low - (high - highest), lowest), highest
    return low, high


def round_steps(smallest: float) -> Iterator[Step]:
    """Yield the steps of 1, 2 or 5 times a power of ten, from `smallest` (positive) upwards."""
    for exponent in count(math.floor(math.log10(smallest))):
        for mantissa in (1, 2, 5):
            step = Step(mantissa, exponent)
            if step.times(1) >= smallest * (1 - 1e-9):
                yield step


def tick_labels(factors: list[int], step: Step) -> list[str]:
    """Return labels of ticks at these multiples of a step, all in one unit and with as few decimals as possible."""
    largest = max(abs(step.times(factor)) for factor in factors)
    if largest and not 1e-3 <= largest < 1e15:
        return [_exponential_tick(step.times(factor), step) for factor in factors]
    power, suffix = _unit(largest)
    decimals = max(0, power - step.exponent)
    return [f"{step.times(factor) / 10**power:.{decimals}f}{suffix}" if factor else "0" for factor in factors]


def _exponential_tick(value: float, step: Step) -> str:
    return _exponential(value, math.floor(math.log10(abs(value)) + 1e-9) - step.exponent) if value else "0"


_DENSITIES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((1, 2, 5), 1),
    ((1, 3), 1),
    *(((1,), stride) for stride in (1, 2, 3, 5, 10, 20, 50, 100)),
)
"""Ticks of a logarithmic axis, ever fewer: multiples of a power of ten, and the stride between powers."""
_NARROW = 0.7
"""Powers of ten; a narrower axis gets equally spaced ticks."""


@lru_cache(maxsize=256)
def log_axis(low: float, high: float, most_ticks: int) -> ValueAxis:
    """Return a logarithmic axis from 10^`low` to 10^`high` with 2 to `most_ticks` (at least 3) ticks.

    Its ends are rounded outwards to quarters of a power of ten, unless the values are close together.
    """
    if high - low < _NARROW:
        linear = value_axis(10**low, 10**high, most_ticks)
        ticks = tuple(Tick(math.log10(tick.position), tick.label) for tick in linear.ticks if tick.position > 0)
        if linear.low > 0 and len(ticks) > 1:
            return ValueAxis(math.log10(linear.low), math.log10(linear.high), ticks, log=True)
        middle = (low + high) / 2
        low, high = min(low, middle - _NARROW / 2), max(high, middle + _NARROW / 2)
    first, last = math.floor(low * 4 + 1e-9) / 4, math.ceil(high * 4 - 1e-9) / 4
    for multiples, stride in _DENSITIES:
        ticks = tuple(_log_ticks(first, last, multiples, stride))
        if 2 <= len(ticks) <= most_ticks:
            break
    return ValueAxis(first, last, ticks, log=True)


def _log_ticks(low: float, high: float, multiples: tuple[int, ...], stride: int) -> Iterator[Tick]:
    for exponent in range(math.floor(low) // stride * stride, math.ceil(high) + 1, stride):
        for multiple in multiples:
            position = exponent + math.log10(multiple)
            if low - 1e-9 <= position <= high + 1e-9:
                yield Tick(position, format_value(float(f"{multiple}e{exponent}")))
