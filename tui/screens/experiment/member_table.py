"""The members of an experiment, ranked, with the signs of their curves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from tui.charts.legend import CURVE_GLYPHS
from tui.session.experiments.attempts import MemberState, MemberStatus
from tui.session.experiments.curves import ExperimentRow
from tui.session.experiments.lineage import lineage_text
from tui.session.numbers import number
from tui.session.text import plain, shortened, shortened_names
from tui.widgets.diff_table import Column
from tui.widgets.key_table import key
from tui.widgets.series_table import SeriesTable

MEMBER_SIGNS: dict[MemberStatus, str] = {
    "waiting": "…",
    "submitted": "⋯",
    "running": "▶",
    "finished": "✔",
    "stopped": "■",
    "failed": "✘",
    "cancelled": "–",
}
_WIDTHS = {"": 1, "member": 17, "status": 12, "value": 9}
_INTERVAL, _COPIED = "95 % interval", "copied"
_LAST_WIDTH = 18
"""Of the last column: in a population, whom a member was copied from; else the interval over the seeds."""
_RIGHT_ALIGNED = ("value", _INTERVAL)
_COLOURED = ("", "member")
_PADDING = 2


class MemberTable(SeriesTable):
    """A row a group with mean and interval over its seeds, then its members: sign, name, status, value.

    In a population, a row a member, and whom it was copied from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("home", "scroll_top", "first row", "Go to the first row", id="experiment.first"),
        key("end", "scroll_bottom", "last row", "Go to the last row", id="experiment.last"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[tuple[ExperimentRow, int | None]] = ()

    @property
    def row(self) -> ExperimentRow | None:
        """The row under the cursor."""
        return self._rows[self.cursor_row][0] if 0 <= self.cursor_row < len(self._rows) else None

    def show(self, rows: Sequence[tuple[ExperimentRow, int | None]], title: str) -> None:
        """Show rows, each with the place of its curve on the charts."""
        self._rows = rows
        self.border_title = title
        self.update_rows()

    def on_resize(self, event: events.Resize) -> None:
        self.update_rows()

    def update_rows(self) -> None:
        last = _COPIED if any(row.members[0].state.lineage for row, _ in self._rows) else _INTERVAL
        widths = _WIDTHS | {last: _LAST_WIDTH}
        room = self.scrollable_content_region.width - sum(widths.values()) - _PADDING * len(widths)
        width = max(_WIDTHS["member"], _WIDTHS["member"] + room)
        names = shortened_names([plain(row.name) for row, _ in self._rows], width - 2)
        columns = [
            Column(name, name, cells, name in _RIGHT_ALIGNED, is_coloured=name in _COLOURED)
            for name, cells in (widths | {"member": width}).items()
        ]
        self.show_rows(
            columns,
            {row.key: _cells(row, place, name) for (row, place), name in zip(self._rows, names, strict=True)},
            colours={row.key: self.series_style(place) for row, place in self._rows},
        )


def status_text(states: Sequence[MemberState]) -> str:
    """Return the status of a member; of several, how many have ended well, and that of the most urgent one."""
    counts = Counter(state.status for state in states)
    if len(counts) == 1:
        (status,) = counts
        return (
            f"{MEMBER_SIGNS[status]} {status}" if len(states) == 1 else f"{MEMBER_SIGNS[status]} {len(states)} {status}"
        )
    return " ".join(f"{MEMBER_SIGNS[status]}{counts[status]}" for status in MEMBER_SIGNS if counts[status])


def _cells(row: ExperimentRow, place: int | None, name: str) -> tuple[str, ...]:
    sign = " " if place is None else CURVE_GLYPHS[place]
    states = [one.state for one in row.members]
    spread = row.group.spread
    if states[0].lineage:
        copied = shortened(lineage_text(states[0].lineage), _LAST_WIDTH)
        return sign, name, status_text(states), number(row.members[0].value), copied
    if row.is_inside or spread is None:
        value = row.members[0].value if row.is_inside else None
        return sign, f"  {name}" if row.is_inside else name, status_text(states), number(value), ""
    interval = "" if math.isnan(spread.low) else f"{number(spread.low)} to {number(spread.high)}"
    return sign, name, status_text(states), number(spread.mean), interval
