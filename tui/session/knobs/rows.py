"""Rows of the knob table: selection, order, columns and texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from trainer_proc.contract.knob import Value, value_text
from tui.session.fuzzy import best_first
from tui.session.knob_states import KnobState
from tui.session.knobs.columns import Needs, Widths
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.knob_text import knob_state
from tui.session.numbers import number
from tui.session.state import RunState
from tui.session.text import plain, shortened, shortened_names

_MARK = "* "
"""Before a knob that differs from its default; a sign, not only a colour."""
_CHOSEN = "✓"
"""Before a knob that is selected, in the second cell."""
_ROOM_FOR_REASONS = 20
"""Cells that a reason for being read-only asks for; with more, it takes them."""
_OPEN, _CLOSED = "▾ ", "▸ "
"""Before the heading of a kind."""


class Cells(NamedTuple):
    """Texts of a row, one a column."""

    name: str
    value: str = ""
    default: str = ""
    metric: str = ""
    history: str = ""
    state: str = ""


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


def shown_knobs(state: RunState, which: KnobFilter) -> list[KnobState]:
    """Return the knobs that match `which`: by kind, or best match first."""
    names = [name for name, knob in state.knobs.items() if not which.only_changed or is_touched(knob)]
    if which.pattern.strip():
        return [state.knobs[name] for name in best_first(which.pattern, names)]
    kinds = {state.knobs[name].knob.kind: None for name in names}
    return [state.knobs[name] for kind in kinds for name in names if state.knobs[name].knob.kind == kind]


def is_touched(knob: KnobState) -> bool:
    """Return whether a knob differs from its default, is about to, or is pinned over a competing writer."""
    return knob.is_changed or knob.pending is not None or knob.ramp is not None or knob.is_pinned


@dataclass(frozen=True)
class _Group:
    """Knobs below the heading of their kind; without a heading, `kind` is empty."""

    kind: str
    knobs: list[KnobState]

    @property
    def names(self) -> tuple[str, ...]:
        """The knobs' names without what the heading says."""
        prefix = f"{self.kind}/" if self.kind else ""
        return tuple(plain(knob.knob.name.removeprefix(prefix)) for knob in self.knobs)


def knob_rows(
    state: RunState,
    which: KnobFilter,
    widths: Widths,
    history: KnobHistory | None = None,
    wanted: Mapping[str, Value] | None = None,
    *,
    has_ended: bool = False,
    chosen: Collection[str] = (),
) -> list[Row]:
    """Return the rows; several kinds get headings unless a pattern decides the order.

    `wanted` are values by knob that the user is stepping to; `has_ended` is whether the run can change no more.
    `chosen` are selected knobs.
    """
    rows: list[Row] = []
    for group in _groups(state, which):
        is_folded = group.kind in which.folded
        if group.kind:
            rows.append(_heading(group.kind, group.knobs, widths, is_folded))
        if not is_folded:
            names = _shortened(group.names, widths.name - len(_MARK))
            rows += [
                _row(
                    knob,
                    state,
                    widths,
                    name=_mark(knob, chosen) + name,
                    history=history,
                    wanted=wanted or {},
                    has_ended=has_ended,
                )
                for knob, name in zip(group.knobs, names, strict=True)
            ]
    return rows


def needs_of(
    state: RunState,
    which: KnobFilter,
    history: KnobHistory | None = None,
    wanted: Mapping[str, Value] | None = None,
    *,
    has_ended: bool = False,
) -> Needs:
    """Return the cells that the texts of the rows would take."""
    needs = Needs()
    for group in _groups(state, which):
        if group.kind:
            heading = _OPEN + plain(group.kind)
            needs = needs.with_all_of(Needs(name=len(heading), state=len(_count(group.knobs))))
        if group.kind in which.folded:
            continue
        names = max(map(len, group.names), default=0) + len(_MARK)
        shown = [value_text(value) for knob in group.knobs for value in (knob.value, knob.knob.default)]
        values = max(map(len, shown), default=0)
        needs = needs.with_all_of(Needs(name=names, value=values, default=values))
        for knob in group.knobs:
            is_published = knob.knob.metric in state.latest
            has_history = history is not None and bool(history.line(knob.knob.name, 1))
            room = _ROOM_FOR_REASONS if knob.knob.read_only else 1000
            text = knob_state(knob, room, (wanted or {}).get(knob.knob.name), has_ended=has_ended)
            needs = needs.with_all_of(Needs(metric=int(is_published), history=int(has_history), state=len(plain(text))))
    return needs


def _groups(state: RunState, which: KnobFilter) -> list[_Group]:
    knobs = shown_knobs(state, which)
    if which.pattern.strip() or len({knob.knob.kind for knob in knobs}) <= 1:
        return [_Group("", knobs)]
    return [_Group(kind, list(group)) for kind, group in groupby(knobs, key=lambda knob: knob.knob.kind)]


def _count(knobs: list[KnobState]) -> str:
    """Return how many knobs there are, and how many of them differ from their defaults."""
    changed = sum(knob.is_changed for knob in knobs)
    return f"{len(knobs)} knob{'s' * (len(knobs) > 1)}" + f", {changed} changed" * bool(changed)


def _heading(kind: str, knobs: list[KnobState], widths: Widths, is_folded: bool) -> Row:
    count = _count(knobs)
    count = count if len(count) <= widths.state else count.replace(" knobs", "").replace(" knob", "")
    name = shortened((_CLOSED if is_folded else _OPEN) + plain(kind), widths.name)
    return Row(f"kind {kind}", Cells(name=name, state=count), kind, is_heading=True)


def _row(
    knob: KnobState,
    state: RunState,
    widths: Widths,
    *,
    name: str,
    history: KnobHistory | None,
    wanted: Mapping[str, Value],
    has_ended: bool,
) -> Row:
    """Return the row of a knob; `name` is its name as it is shown, with its marks."""
    cells = Cells(
        name=name,
        value=_cell(value_text(knob.value), widths.value),
        default=_cell(value_text(knob.knob.default), widths.default) if widths.default else "",
        metric=number(state.latest.get(knob.knob.metric)) if knob.knob.metric and widths.metric else "",
        history=history.line(knob.knob.name, widths.history) if history is not None and widths.history else "",
        state=_cell(knob_state(knob, widths.state, wanted.get(knob.knob.name), has_ended=has_ended), widths.state),
    )
    return Row(knob.knob.name, cells, knob.knob.kind)


def _mark(knob: KnobState, chosen: Collection[str]) -> str:
    """Return the two cells before a knob's name."""
    changed = _MARK if knob.is_changed else " " * len(_MARK)
    return changed[0] + _CHOSEN if knob.knob.name in chosen else changed


@lru_cache(64)
def _shortened(names: tuple[str, ...], width: int) -> list[str]:
    return shortened_names(names, width)


@lru_cache(4096)
def _cell(text: str, width: int) -> str:
    """Return `text` for a cell. Cached: most texts stay the same for thousands of iterations."""
    return shortened(plain(text), width)
