"""Explains how recorded columns differ from those that a bundle makes: another order, factor or shift."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.bundle.trace import Array

TOLERANCE = 2e-4
"""Largest difference of equal values, in float32, relative to 1 plus the largest magnitude of the column."""
_SAME = 0.002
"""Largest relative difference of factors that count as the same."""
_MOST_NAMES = 3
_DEGREES = 180.0 / math.pi


@dataclass(frozen=True)
class Match:
    """A recorded column is `factor` · (the made column `source`) + `shift`."""

    source: int
    factor: float = 1.0
    shift: float = 0.0


def differs(recorded: Array, made: Array) -> bool:
    """Return whether arrays [T, n] differ by more than rounding."""
    return any(not equal(recorded[:, number], made[:, number]) for number in range(recorded.shape[1]))


def match_columns(recorded: Array, made: Array) -> list[Match | None]:
    """Return the simplest explanation of each column of `recorded` [T, n] by one of `made` [T, n]; None without one."""
    return [_match(recorded[:, number], made, number) for number in range(recorded.shape[1])]


def _match(recorded: Array, made: Array, number: int) -> Match | None:
    own = made[:, number]
    if equal(recorded, own):
        return Match(number)
    others = [other for other in range(made.shape[1]) if other != number]
    same = next((other for other in others if equal(recorded, made[:, other])), None)
    if _is_constant(recorded) and same is not None:  # any factor and any shift would explain a constant
        return Match(same)
    for factor, shift in (_factor(recorded, own), _shift(recorded, own)):
        if equal(recorded, factor * own + shift):
            return Match(number, factor, shift)
    if same is not None:
        return Match(same)
    for other in others:
        for factor, shift in (_shift(recorded, made[:, other]), _factor(recorded, made[:, other])):
            if not _is_constant(recorded) and equal(recorded, factor * made[:, other] + shift):
                return Match(other, factor, shift)
    return None


def equal(one: Array, other: Array) -> bool:
    """Return whether columns [T] differ by no more than rounding."""
    return bool(np.abs(one - other).max() <= TOLERANCE * (1.0 + np.abs(one).max()))


def _is_constant(column: Array) -> bool:
    return bool(np.ptp(column) <= TOLERANCE * (1.0 + np.abs(column).max()))


def _factor(recorded: Array, made: Array) -> tuple[float, float]:
    power = float(made @ made)
    return (float(recorded @ made) / power if power > 0.0 else 1.0), 0.0


def _shift(recorded: Array, made: Array) -> tuple[float, float]:
    return 1.0, float(np.median(recorded - made))


# --- texts ---


def order_text(matches: Sequence[Match | None], names: Sequence[str], what: str) -> str:
    """Return how columns called `names` are out of order: `joints swapped: a ↔ b`; empty if they aren't.

    `what` is their noun in the plural.
    """
    source = {number: one.source for number, one in enumerate(matches) if one is not None}
    moved = [number for number, origin in source.items() if origin != number]
    if not moved:
        return ""
    pairs = [(one, source[one]) for one in moved if source.get(source[one]) == one and one < source[one]]
    if 2 * len(pairs) == len(moved) and len(pairs) <= _MOST_NAMES:
        return f"{what} swapped: " + ", ".join(" ↔ ".join(sorted((names[one], names[other]))) for one, other in pairs)
    trained = [names[source.get(number, number)] for number in moved]
    return f"{what} in another order: trained with {listed(trained)} where {listed([names[n] for n in moved])} are"


def ratio_text(ratio: float) -> str:
    """Return what a value that is `ratio` times the trained one is: `2 times too high`; empty for a ratio of 1."""
    if abs(ratio - 1.0) <= _SAME:
        return ""
    if ratio < 0.0:
        return "of the opposite sign" if abs(ratio + 1.0) <= _SAME else f"{_number(ratio)} times the trained one"
    return f"{_number(ratio)} times too high" if ratio > 1.0 else f"{_number(1.0 / ratio)} times too low"


def unit_text(ratio: float, unit: str) -> str:
    """Return the wrong unit that explains a ratio of angles: `in deg/s, trained in rad/s`; empty for another ratio."""
    degrees = (unit or "rad").replace("rad", "deg")
    if math.isclose(ratio, _DEGREES, rel_tol=_SAME):
        return f"in {degrees}, trained in {unit or 'rad'}"
    if math.isclose(ratio, 1.0 / _DEGREES, rel_tol=_SAME):
        return f"converted to {unit or 'rad'} twice"
    return ""


def grouped(values: Mapping[str, float], total: int) -> Iterator[tuple[str, float]]:
    """Yield names that have about the same value, as a text, with this value; `total` is the count of all names."""
    left = dict(values)
    while left:
        value = next(iter(left.values()))
        of_value = [name for name, other in left.items() if math.isclose(other, value, rel_tol=_SAME, abs_tol=1e-6)]
        yield ("all" if len(of_value) == total > 1 else listed(of_value)), value
        left = {name: other for name, other in left.items() if name not in of_value}


def listed(names: Sequence[str]) -> str:
    """Return some names, and the count of those left out."""
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown


def _number(value: float) -> str:
    return f"{value:.3g}"
