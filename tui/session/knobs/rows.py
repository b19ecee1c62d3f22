"""The rows of the table of knobs: which there are, in what order, and what each says in which width."""

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
"""In front of a knob that differs from its default: told by a sign, not by colour."""
_OPEN, _CLOSED = "▾ ", "▸ "
"""In front of a kind."""
_VALUE, _METRIC, _HISTORY = 12, 9, 10
_WIDTH_WITH_HISTORY, _WIDTH_WITH_DEFAULT = 84, 98
_NARROWEST_STATE, _WIDEST_STATE = 20, 42
_NAME_BEFORE_STATE = 36
"""A name gets this much before the state gets more than its least."""


class Cells(NamedTuple):
    """What a row says."""

    name: str
    value: str
    default: str
    metric: str
    history: str
    state: str


@dataclass(frozen=True)
class Widths:
    """Cells of each column, gaps not counted; 0 leaves a column out."""

    name: int
    value: int
    default: int
    metric: int
    history: int
    state: int


@dataclass(frozen=True)
class Row:
    """One line of the table: a knob, or the heading over the knobs of a kind."""

    key: str
    cells: Cells
    kind: str
    is_heading: bool = False


@dataclass(frozen=True)
class KnobFilter:
    """Which knobs are shown: those that match letters, only those that were changed, or all.

    Of the kinds in `folded` only the heading is shown, where there are headings.
    """

    pattern: str = ""
    only_changed: bool = False
    folded: frozenset[str] = frozenset()


def fit(width: int) -> Widths:
    """Return columns that fill `width` cells, whatever the values: nothing jumps when one gets longer."""
    default = _VALUE if width >= _WIDTH_WITH_DEFAULT else 0
    history = _HISTORY if width >= _WIDTH_WITH_HISTORY else 0
    rest = width - sum(column + GAP for column in (_VALUE, default, _METRIC, history) if column) - 2 * GAP
    state = min(max(_NARROWEST_STATE, rest - _NAME_BEFORE_STATE), _WIDEST_STATE)
    return Widths(max(rest - state, 8), _VALUE, default, _METRIC, history, state)


def shown_knobs(state: RunState, which: KnobFilter) -> list[KnobState]:
    """Return the knobs that `which` lets through: by kind, or the best match first."""
    names = [name for name, knob in state.knobs.items() if not which.only_changed or is_touched(knob)]
    if which.pattern.strip():
        return [state.knobs[name] for name in best_first(which.pattern, names)]
    kinds = {state.knobs[name].knob.kind: None for name in names}
    return [state.knobs[name] for kind in kinds for name in names if state.knobs[name].knob.kind == kind]


def is_touched(knob: KnobState) -> bool:
    """Tell whether a knob differs from its default, is about to, or is held against what else writes it."""
    return knob.is_changed or knob.pending is not None or knob.ramp is not None or knob.knob.pinned


def knob_rows(
    state: RunState,
    which: KnobFilter,
    widths: Widths,
    history: KnobHistory | None = None,
    wanted: Mapping[str, Value] | None = None,
) -> list[Row]:
    """Return the table's rows; kinds have headings where there are several and no match decides the order.

    `wanted` are values by knob that the person is stepping to.
    """
    knobs = shown_knobs(state, which)
    has_headings = not which.pattern.strip() and len({knob.knob.kind for knob in knobs}) > 1
    if not has_headings:
        return [_row(knob, state, widths, "", history, wanted or {}) for knob in knobs]
    rows: list[Row] = []
    for kind, group in groupby(knobs, key=lambda knob: knob.knob.kind):
        of_kind = list(group)
        rows.append(_heading(kind, of_kind, widths, kind in which.folded))
        if kind not in which.folded:
            rows += [_row(knob, state, widths, f"{kind}/", history, wanted or {}) for knob in of_kind]
    return rows


def _heading(kind: str, knobs: list[KnobState], widths: Widths, is_folded: bool) -> Row:
    changed = sum(knob.is_changed for knob in knobs)
    also = f", {changed} changed" * bool(changed)
    count = f"{len(knobs)} knob{'s' * (len(knobs) > 1)}{also}"
    count = count if len(count) <= widths.state else f"{len(knobs)}{also}"
    name = shortened((_CLOSED if is_folded else _OPEN) + plain(kind), widths.name)
    return Row(f"kind {kind}", Cells(name, "", "", "", "", count), kind, is_heading=True)


def _row(
    knob: KnobState,
    state: RunState,
    widths: Widths,
    prefix: str,
    history: KnobHistory | None,
    wanted: Mapping[str, Value],
) -> Row:
    """Return the row of a knob; `prefix` is what the heading says of its name already."""
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
    """Return `text` for a cell; most say the same for thousands of iterations, and looking for escapes takes time."""
    return shortened(plain(text), width)
