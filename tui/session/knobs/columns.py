"""Columns of the knob table: fitted to the width of the table and to what the rows have to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

GAP = 1
"""Empty cells behind each column."""
_VALUE, _METRIC, _HISTORY = 12, 9, 10
_NARROWEST_VALUE, _NARROWEST_HISTORY = 7, 7
_WIDTH_WITH_HISTORY, _WIDTH_WITH_DEFAULT = 84, 98
"""From these widths on, history and default have a column even where names or states are shortened for it."""
_NARROWEST_STATE, _WIDEST_STATE = 20, 60
_NAME_BEFORE_STATE = 36
"""Width of the name column before the state column gets more than its minimum."""


class Needs(NamedTuple):
    """Cells that the longest text of each column takes; 0 for a column without any text."""

    name: int = 0
    value: int = 0
    default: int = 0
    metric: int = 0
    history: int = 0
    state: int = 0

    def with_all_of(self, other: Needs) -> Needs:
        """Return what both need."""
        return Needs(*map(max, self, other))


EVERYTHING = Needs(name=60, value=_VALUE, default=_VALUE, metric=_METRIC, history=_HISTORY, state=42)
"""What a table with long texts in all columns needs."""


@dataclass(frozen=True)
class Widths:
    """Cells of each column without gaps; 0 hides a column."""

    name: int
    value: int
    default: int
    metric: int
    history: int
    state: int


def fit(width: int, needs: Needs = EVERYTHING) -> Widths:
    """Return columns that fill `width` cells; a column without texts is hidden.

    The name column depends on the states only where both do not fit, so that columns keep their place.
    """
    whole = needs.name + max(needs.state, _NARROWEST_STATE)
    metric = _METRIC if needs.metric else 0
    value = min(max(needs.value, _NARROWEST_VALUE), _VALUE)
    rest = width - sum(column + GAP for column in (value, metric) if column) - 2 * GAP
    history, default = 0, 0
    if needs.history and (width >= _WIDTH_WITH_HISTORY or rest - _HISTORY - GAP >= whole):
        history = min(max(rest - GAP - whole, _NARROWEST_HISTORY), _HISTORY)
        rest -= history + GAP
    if needs.default and (width >= _WIDTH_WITH_DEFAULT or rest - value - GAP >= whole):
        default = value
        rest -= value + GAP
    state = min(max(needs.state, _NARROWEST_STATE), _WIDEST_STATE, max(_NARROWEST_STATE, rest - _NAME_BEFORE_STATE))
    state = max(state, rest - needs.name)
    return Widths(name=max(rest - state, 8), value=value, default=default, metric=metric, history=history, state=state)
