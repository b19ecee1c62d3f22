"""Rows of the knob table: selection, order, columns and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from trainer_proc.contract.knob import Value, value_text
from tui.session.fuzzy import best_first
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.knob_text import knob_state
from tui.session.numbers import number
from tui.session.state import KnobState, RunState
from tui.session.text import plain, shortened, shortened_name

GAP = 1
"""Empty cells behind each column."""
_MARK = "* "
"""Before a knob that differs from its default; a sign, not only a colour."""
_OPEN, _CLOSED = "▾ ", "▸ "
"""Before the heading of a kind."""
_VALUE, _METRIC, _HISTORY = 12, 9, 10
_WIDTH_WITH_HISTORY, _WIDTH_WITH_DEFAULT = 84, 98
_NARROWEST_STATE, _WIDEST_STATE = 20, 42
_NAME_BEFORE_STATE = 36
"""Width of the name column before the state column gets more than its minimum."""


class Cells(NamedTuple):
    """Texts of a row, one a column."""

    name: str
    value: str = ""
    default: str = ""
    metric: str = ""
    history: str = ""
    state: str = ""


@dataclass(frozen=True)
class Widths:
    """Cells of each column without gaps; 0 hides a column."""

    name: int
    value: int
    default: int
    metric: int
    history: int
    state: int


@dataclass(frozen=True)
class Row:
    """One line of the table: a knob, or the heading of a kind."""

    key: str
    cells: Cells
    kind: str
    is_heading: bool = False


@dataclass(frozen=True)
class KnobFilter:
    """Which knobs are shown: those whose names match `pattern`, only changed ones, or all.

    Kinds in `folded` show only their heading.
    """

    pattern: str = ""
    only_changed: bool = False
    folded: frozenset[str] = frozenset()


def fit(width: int) -> Widths:
    """Return columns that fill `width` cells; they do not depend on values, so that columns keep their place."""
    default = _VALUE if width >= _WIDTH_WITH_DEFAULT else 0
    history = _HISTORY if width >= _WIDTH_WITH_HISTORY else 0
    rest = width - sum(column + GAP for column in (_VALUE, default, _METRIC, history) if column) - 2 * GAP
    state = min(max(_NARROWEST_STATE, rest - _NAME_BEFORE_STATE), _WIDEST_STATE)
    return Widths(
        name=max(rest - state, 8), value=_VALUE, default=default, metric=_METRIC, history=history, state=state
    )


def shown_knobs(state: RunState, which: KnobFilter) -> list[KnobState]:
    """Return the knobs that match `which`: by kind, or best match first."""
    names = [name for name, knob in state.knobs.items() if not which.only_changed or is_touched(knob)]
    if which.pattern.strip():
        return [state.knobs[name] for name in best_first(which.pattern, names)]
    kinds = {state.knobs[name].knob.kind: None for name in names}
    return [state.knobs[name] for kind in kinds for name in names if state.knobs[name].knob.kind == kind]


def is_touched(knob: KnobState) -> bool:
    """Return whether a knob differs from its default, is about to, or is pinned over a competing writer."""
    return knob.is_changed or knob.pending is not None or knob.ramp is not None or knob.knob.pinned


def knob_rows(
    state: RunState,
    which: KnobFilter,
    widths: Widths,
    history: KnobHistory | None = None,
    wanted: Mapping[str, Value] | None = None,
) -> list[Row]:
    """Return the rows; several kinds get headings unless a pattern decides the order.

    `wanted` are values by knob that the user is stepping to.
    """
    knobs = shown_knobs(state, which)
    has_headings = not which.pattern.strip() and len({knob.knob.kind for knob in knobs}) > 1
    if not has_headings:
        return [_row(knob, state, widths, prefix="", history=history, wanted=wanted or {}) for knob in knobs]
    rows: list[Row] = []
    for kind, group in groupby(knobs, key=lambda knob: knob.knob.kind):
        of_kind = list(group)
        rows.append(_heading(kind, of_kind, widths, kind in which.folded))
        if kind not in which.folded:
            rows += [
                _row(knob, state, widths, prefix=f"{kind}/", history=history, wanted=wanted or {}) for knob in of_kind
            ]
    return rows


def _heading(kind: str, knobs: list[KnobState], widths: Widths, is_folded: bool) -> Row:
    changed = sum(knob.is_changed for knob in knobs)
    also = f", {changed} changed" * bool(changed)
    count = f"{len(knobs)} knob{'s' * (len(knobs) > 1)}{also}"
    count = count if len(count) <= widths.state else f"{len(knobs)}{also}"
    name = shortened((_CLOSED if is_folded else _OPEN) + plain(kind), widths.name)
    return Row(f"kind {kind}", Cells(name=name, state=count), kind, is_heading=True)


def _row(
    knob: KnobState,
    state: RunState,
    widths: Widths,
    *,
    prefix: str,
    history: KnobHistory | None,
    wanted: Mapping[str, Value],
) -> Row:
    """Return the row of a knob; `prefix` of its name is in the heading already."""
    name = knob.knob.name
    mark = _MARK if knob.is_changed else " " * len(_MARK)
    cells = Cells(
        name=mark + _name(name.removeprefix(prefix), widths.name - len(_MARK)),
        value=_cell(value_text(knob.value), widths.value),
        default=_cell(value_text(knob.knob.default), widths.default) if widths.default else "",
        metric=number(state.latest.get(knob.knob.metric)) if knob.knob.metric else "",
        history=history.line(name, widths.history) if history is not None and widths.history else "",
        state=_cell(knob_state(knob, widths.state, wanted.get(name)), widths.state),
    )
    return Row(name, cells, knob.knob.kind)


@lru_cache(4096)
def _name(name: str, width: int) -> str:
    return shortened_name(plain(name), width)


@lru_cache(4096)
def _cell(text: str, width: int) -> str:
    """Return `text` for a cell. Cached: most texts stay the same for thousands of iterations."""
    return shortened(plain(text), width)
