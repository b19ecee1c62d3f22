"""Figures of an evaluation as data, without their drawing: matrix, rose and rows with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Better: TypeAlias = Literal["higher", "lower", ""]

_DECIMALS = ((100.0, 0), (10.0, 1), (0.7, 2), (0.1, 3))
"""Decimals of values on a scale from this end on."""
_ENDS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
_NEGLIGIBLE = 1e-6
"""A value that is a smaller share of its scale is shown as 0."""


@dataclass(frozen=True)
class Scale:
    """The range of a figure's values, `low` below `high`.

    A difference's range is symmetric around 0. `unit` is `%` for shares, whose values are 0 to 1.
    """

    low: float
    high: float
    unit: str = ""
    better: Better = ""
    is_difference: bool = False

    def place(self, value: float) -> float:
        """Return the place of a value, clipped to 0 to 1; 1 is the better end, or the high end if none is better."""
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return 1 - share if self.better == "lower" else share

    def text(self, value: float) -> str:
        """Return a value without its unit; a difference with its sign."""
        if abs(value) < _NEGLIGIBLE * max(abs(self.low), abs(self.high)):
            value = 0.0
        shown = _rounded(100 * value, 0) if self.unit == "%" else _rounded(value, self._decimals)
        return f"+{shown}" if self.is_difference and float(shown) > 0 else shown

    @property
    def _decimals(self) -> int | None:
        """Decimals that suit the larger end, about three digits; None for an exponent."""
        largest = max(abs(self.low), abs(self.high))
        if not 1e-4 <= largest < 1e6:
            return None
        return next((decimals for end, decimals in _DECIMALS if largest >= end), 4)


@dataclass(frozen=True)
class Labels:
    """An axis of a figure: its name with its unit, and the text of each value."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """A heat map: `values` in rows from the top, None where nothing was measured."""

    title: str
    rows: Labels
    columns: Labels
    values: tuple[tuple[float | None, ...], ...]
    scale: Scale
    note: str = ""


@dataclass(frozen=True)
class Rose:
    """A polar plot: `values` by ring from the centre, then by direction.

    `directions` are in degrees, ascending and equally spaced, 0 ahead and 90 to the left.
    """

    title: str
    directions: tuple[float, ...]
    rings: Labels
    values: tuple[tuple[float | None, ...], ...]
    scale: Scale
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A value with its interval; `policy` is 0 for the one shown and 1 for the one that it is compared with."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
    policy: int = 0


@dataclass(frozen=True)
class Intervals:
    """Values with intervals on a common scale, one below the other."""

    title: str
    rows: tuple[Row, ...]
    scale: Scale


Figure: TypeAlias = Matrix | Rose | Intervals


def scale_of(values: Iterable[float | None], *, unit: str, better: Better, is_share: bool) -> Scale:
    """Return the scale of values: 0 to 1 for shares, otherwise round ends that include 0; never empty."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if is_share:
        return Scale(0.0, 1.0, "%", better)
    low, high = _round_end(min([0.0, *known])), _round_end(max([0.0, *known]))
    return Scale(low, high if high > low else low + 1.0, unit, better)


def _round_end(value: float) -> float:
    """Return the next number away from 0 with one digit, 1, 1.5, 2, 3, 5 or 7 times a power of ten."""
    if not value:
        return 0.0
    power = 10.0 ** math.floor(math.log10(abs(value)) + 1e-9)
    step = next(step for step in _ENDS if abs(value) <= step * power * (1 + 1e-9))
    return math.copysign(step * power, value)


def difference_scale(values: Iterable[float | None], scale: Scale) -> Scale:
    """Return the symmetric scale of differences of values on `scale`."""
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    largest = largest or (scale.high - scale.low) / 10
    return Scale(-largest, largest, scale.unit, scale.better, is_difference=True)


def _rounded(value: float, decimals: int | None) -> str:
    """Return a number with a fixed count of decimals, without the sign of a rounded 0; with an exponent for None."""
    shown = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e") if decimals is None else f"{value:.{decimals}f}"
    return shown.removeprefix("-") if math.isfinite(value) and float(shown) == 0 else shown
