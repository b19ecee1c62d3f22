"""Readable numbers: the value axis, the iteration axis and the labels of both."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from tui.session.series import column_of
from tui.widgets.chart.canvas import DOTS_ACROSS, DOTS_DOWN, CellGrid, dot_rows

LABEL_WIDTH = 7
"""Most characters of a formatted value."""

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
    """A value axis from `low` to `high` (finite, low < high) with 2 or more ticks inside, from low to high."""

    low: float
    high: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Plot:
    """The rectangle of the grid in which curves are drawn, and what its edges mean.

    `left` and `top` are the grid column and row of its first cell, `cells` its width and `rows` its height;
    `first` and `last` are the iterations at its left and right edge.
    """

    left: int
    top: int
    cells: int
    rows: int
    first: int
    last: int
    axis: ValueAxis

    @property
    def bottom(self) -> int:
        """The grid row of the plot's last line."""
        return self.top + self.rows - 1

    @property
    def right(self) -> int:
        """The grid column after the plot's last."""
        return self.left + self.cells

    def column(self, iteration: float) -> int:
        """Find the grid column of an iteration inside the range."""
        pixels = self.cells * DOTS_ACROSS
        return self.left + column_of(int(iteration), self.first, self.last, pixels) // DOTS_ACROSS

    def dot_row(self, value: float) -> int:
        """Find the pixel row of a finite value, 0 at the top of the plot."""
        return int(dot_rows(np.array([value]), self.axis.low, self.axis.high, self.rows * DOTS_DOWN)[0])

    def row(self, value: float) -> int:
        """Find the grid row of a finite value."""
        return self.top + self.dot_row(value) // DOTS_DOWN


@dataclass(frozen=True)
class _Step:
    """A distance between ticks: `mantissa` (1, 2 or 5) times 10 to the `exponent`."""

    mantissa: int
    exponent: int

    def times(self, factor: int) -> float:
        # Reading the decimal text rounds once, where multiplying would round twice.
        return float(f"{self.mantissa * factor}e{self.exponent}")


def format_value(value: float) -> str:
    """Write a number in at most 7 characters and 4 significant digits: "12.4", "12.5k", "-1.2e-5", "nan"."""
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
    """Choose the power of ten and its suffix for numbers up to `magnitude`; up to four digits need none."""
    if magnitude >= 1e4:
        for power, suffix in _UNITS:
            if magnitude >= 10**power:
                return power, suffix
    return 0, ""


def value_axis(low: float, high: float, most_ticks: int) -> ValueAxis:
    """Make an axis that shows all values from `low` to `high` (finite) with 2 to `most_ticks` (at least 3) ticks.

    Its ends are rounded outwards to quarters of a step, so they stay where they are for most new values. A spread
    below a thousandth of the values is not magnified further: no label could tell it.
    """
    low, high = _widened(*(max(-_LARGEST_VALUE, min(_LARGEST_VALUE, end)) for end in (low, high)))
    for step in _steps((high - low) / (most_ticks + 1)):
        quarter = step.times(1) / 4
        first, last = math.floor(low / quarter + 1e-9), math.ceil(high / quarter - 1e-9)
        if last // 4 <= -(-first // 4):  # fewer than two ticks inside: end the axis at ticks instead
            first, last = first // 4 * 4, max(-(-last // 4), first // 4 + 1) * 4
        factors = list(range(-(-first // 4), last // 4 + 1))
        labels = _labels(factors, step)
        if len(factors) <= most_ticks and len(set(labels)) == len(labels) and max(map(len, labels)) <= LABEL_WIDTH:
            ticks = tuple(Tick(step.times(factor), label) for factor, label in zip(factors, labels, strict=True))
            return ValueAxis(first * quarter, last * quarter, ticks)
    raise AssertionError("there is always a larger step")


def _widened(low: float, high: float) -> tuple[float, float]:
    largest = max(abs(low), abs(high))
    wanted = 1e-3 * largest if high > low else 0.2 * largest or 2.0
    missing = max(wanted, _SMALLEST_SPAN) - (high - low)
    return (low - missing / 2, high + missing / 2) if missing > 0 else (low, high)


def _steps(smallest: float) -> Iterator[_Step]:
    """All steps of 1, 2 or 5 times a power of ten, from `smallest` (positive) on."""
    for exponent in count(math.floor(math.log10(smallest))):
        for mantissa in (1, 2, 5):
            step = _Step(mantissa, exponent)
            if step.times(1) >= smallest * (1 - 1e-9):
                yield step


def _labels(factors: list[int], step: _Step) -> list[str]:
    """Label ticks at these multiples of a step, all in one unit and with no more decimals than they need."""
    largest = max(abs(step.times(factor)) for factor in factors)
    if largest and not 1e-3 <= largest < 1e15:
        return [_exponential_tick(step.times(factor), step) for factor in factors]
    power, suffix = _unit(largest)
    decimals = max(0, power - step.exponent)
    return [f"{step.times(factor) / 10**power:.{decimals}f}{suffix}" if factor else "0" for factor in factors]


def _exponential_tick(value: float, step: _Step) -> str:
    return _exponential(value, math.floor(math.log10(abs(value)) + 1e-9) - step.exponent) if value else "0"


def rounded_end(first: int, last: int) -> int:
    """Where an iteration axis from `first` ends so that `last` fits: at most a tenth further than needed.

    The end moves in steps, not with every iteration; in between, a curve grows without moving.
    """
    span = max(1, last - first)
    tenth = max(1, span // 10)
    power = int("1" + "0" * (len(str(tenth)) - 1))
    rounding = next(mantissa * power for mantissa in (5, 2, 1) if mantissa * power <= tenth)
    return first + -(-span // rounding) * rounding


def iteration_ticks(first: int, last: int, cells: int) -> tuple[Tick, ...]:
    """Ticks at round iterations from `first` to `last`, as many as fit with their labels on `cells` cells.

    At least one: `first` itself if there is no round one inside.
    """
    for step in _steps(max(1.0, (last - first) / max(1, cells))):
        distance = int(step.times(1))
        factors = list(range(-(-first // distance), last // distance + 1))
        if not factors:
            break
        labels = _labels(factors, step)
        if len(factors) * (max(map(len, labels)) + 2) <= max(cells, 1) or len(factors) == 1:
            return tuple(Tick(factor * distance, label) for factor, label in zip(factors, labels, strict=True))
    return (Tick(first, str(first)),)


def draw_value_axis(grid: CellGrid, plot: Plot) -> None:
    """Draw the axis left of the plot and the labels left of that; a tick in a line that has one already is left out."""
    for row in range(plot.top, plot.bottom + 1):
        grid.put(row, plot.left - 1, "│", "axis")
    taken: set[int] = set()
    first, *between, last = plot.axis.ticks
    for tick in (first, last, *between):
        row = plot.row(tick.position)
        if row not in taken:
            taken.add(row)
            grid.put(row, plot.left - 1, "┤", "axis")
            grid.put(row, plot.left - 1 - len(tick.label), tick.label, "label")


def draw_iteration_axis(grid: CellGrid, plot: Plot, with_line: bool) -> None:
    """Write the labels into the grid's last line and, if asked for, draw the axis in the line below the plot."""
    if with_line:
        grid.put(plot.bottom + 1, plot.left - 1, "└" + "─" * plot.cells, "axis")
    free_from = 0
    for tick in iteration_ticks(plot.first, plot.last, plot.cells):
        column = plot.column(tick.position)
        start = max(0, min(column - len(tick.label) // 2, grid.width - len(tick.label)))
        if start >= free_from:
            free_from = start + len(tick.label) + 1
            grid.put(grid.height - 1, start, tick.label, "label")
            if with_line:
                grid.put(plot.bottom + 1, column, "┬", "axis")
