"""The rows of the table of knobs: which there are, in what order, and what each says in which width."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from trainer_proc.wire.knob import value_text
from tui.session.describe import number
from tui.session.fuzzy import best_first
from tui.session.knob_text import knob_state, shortened, shortened_name
from tui.session.state import KnobState, RunState
from tui.session.text import plain

GAP = 1
"""Empty cells behind each column."""
_MARK = "* "
"""In front of a knob that differs from its default: told by a sign, not by colour."""
_VALUE, _METRIC = 12, 9
_WIDTH_WITH_DEFAULT = 92
_NARROWEST_STATE, _WIDEST_STATE = 24, 42
_NAME_BEFORE_STATE = 36
"""A name gets this much before the state gets more than its least."""


class Cells(NamedTuple):
    """What a row says."""

    name: str
    value: str
    default: str
    metric: str
    state: str


@dataclass(frozen=True)
class Widths:
    """Cells of each column, gaps not counted; 0 leaves a column out."""

    name: int
    value: int
    default: int
    metric: int
    state: int


@dataclass(frozen=True)
class Row:
    """One line of the table. A heading stands over the knobs of its kind and has no knob."""

    key: str
    cells: Cells
    is_heading: bool = False


@dataclass(frozen=True)
class KnobFilter:
    """Which knobs are shown: those that match letters, only those that were changed, or all."""

    pattern: str = ""
    only_changed: bool = False


def fit(width: int) -> Widths:
    """Return columns that fill `width` cells, whatever the values: nothing jumps when one gets longer."""
    default = _VALUE if width >= _WIDTH_WITH_DEFAULT else 0
    rest = width - sum(column + GAP for column in (_VALUE, default, _METRIC) if column) - 2 * GAP
    state = min(max(_NARROWEST_STATE, rest - _NAME_BEFORE_STATE), _WIDEST_STATE)
    return Widths(max(rest - state, 8), _VALUE, default, _METRIC, state)


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


def knob_rows(state: RunState, which: KnobFilter, widths: Widths) -> list[Row]:
    """Return the table's rows; kinds have headings where there are several and no match decides the order."""
    knobs = shown_knobs(state, which)
    has_headings = not which.pattern.strip() and len({knob.knob.kind for knob in knobs}) > 1
    rows: list[Row] = []
    for kind, group in groupby(knobs, key=lambda knob: knob.knob.kind):
        of_kind = list(group)
        if has_headings:
            rows.append(_heading(kind, of_kind, widths))
        prefix = f"{kind}/" if has_headings else ""  # the heading says it
        rows += [_row(knob, state, widths, prefix) for knob in of_kind]
    return rows


def _heading(kind: str, knobs: list[KnobState], widths: Widths) -> Row:
    changed = sum(knob.is_changed for knob in knobs)
    count = f"{len(knobs)} knob{'s' * (len(knobs) > 1)}" + f", {changed} changed" * bool(changed)
    return Row(f"kind {kind}", Cells(shortened(plain(kind), widths.name), "", "", "", count), is_heading=True)


def _row(knob: KnobState, state: RunState, widths: Widths, prefix: str) -> Row:
    mark = _MARK if knob.is_changed else " " * len(_MARK)
    cells = Cells(
        name=mark + shortened_name(plain(knob.knob.name.removeprefix(prefix)), widths.name - len(_MARK)),
        value=shortened(plain(value_text(knob.value)), widths.value),
        default=shortened(plain(value_text(knob.knob.default)), widths.default) if widths.default else "",
        metric=number(state.latest.get(knob.knob.metric)) if knob.knob.metric else "",
        state=shortened(plain(knob_state(knob, widths.state)), widths.state),
    )
    return Row(knob.knob.name, cells)
