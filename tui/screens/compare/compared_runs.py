"""The compared runs with the signs of their curves, and the table of differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content

from curricula.curriculum import SUCCESS_RATE
from tui.charts.legend import CURVE_GLYPHS
from tui.session.numbers import number
from tui.session.runs.compare import Difference, shown_value
from tui.session.runs.followed import FollowedRun
from tui.session.runs.journal_summary import REWARD
from tui.session.runs.run_columns import success_text
from tui.session.text import plain, shortened, shortened_name
from tui.widgets.diff_table import Column, DiffTable
from tui.widgets.key_table import key
from tui.widgets.shown_keys import key_of

_SHARE_OF_NAME = 0.4
_NARROWEST_NAME, _NARROWEST_VALUE, _DEFAULT = 24, 8, 9
_HIDDEN = "hidden"
_WIDTHS = {"": 1, "run": 19, "status": 11, "iteration": 16, "reward": 9, "success": 7}
"""Widths of the columns in cells; the name gets the remaining width."""
_RIGHT_ALIGNED = ("reward", "success")
_PADDING = 2
_ENDS: list[BindingType] = [
    key("home", "scroll_top", "first row", "Go to the first row", id="compare.first"),
    key("end", "scroll_bottom", "last row", "Go to the last row", id="compare.last"),
]
MOST_SEEN = len(CURVE_GLYPHS)
"""The number of distinct curve signs."""


def run_sign(place: int | None) -> str:
    """Return the sign of a run's curves, by its place on the charts from 0 on; a blank if it has none."""
    return " " if place is None else CURVE_GLYPHS[place]


class ComparedRuns(DiffTable):
    """A row a run: sign, name, status, iteration, reward, success."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: Sequence[tuple[FollowedRun, str, bool]] = ()

    def on_mount(self) -> None:
        self.border_title = Content(f"runs ({key_of(self.app, 'compare.hide', 'space')} hides, Enter opens)")

    def show(self, runs: Sequence[tuple[FollowedRun, str, bool]]) -> None:
        """Update the rows: each run with its sign, and whether it is visible on the charts."""
        self._runs = runs
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        self._update()

    def _update(self) -> None:
        room = self.scrollable_content_region.width - sum(_WIDTHS.values()) - _PADDING * len(_WIDTHS)
        longest = max((len(run.name) for run, _, _ in self._runs), default=0)
        name_width = max(_WIDTHS["run"], min(longest, _WIDTHS["run"] + room))
        columns = [
            Column(key, key, width, key in _RIGHT_ALIGNED) for key, width in (_WIDTHS | {"run": name_width}).items()
        ]
        self.show_rows(columns, {str(place): _run_cells(*one, name_width) for place, one in enumerate(self._runs)})


class DifferenceTable(DiffTable):
    """A row a difference: name, default, and the value of each run; the selected row is shown in full below."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "differences"
        self._names: Sequence[str] = ()
        self._differences: Sequence[Difference] = ()

    @property
    def difference(self) -> Difference | None:
        """The selected difference."""
        return self._differences[self.cursor_row] if 0 <= self.cursor_row < len(self._differences) else None

    def show(self, names: Sequence[str], differences: Sequence[Difference]) -> None:
        """Show these differences of the runs of these names, which begin with their signs."""
        self._names, self._differences = names, differences
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        self._update()

    def _update(self) -> None:
        width = self.scrollable_content_region.width
        if not self._names or not width:
            return
        longest = max((len(one.name) for one in self._differences), default=10)
        name_width = max(min(longest, int(width * _SHARE_OF_NAME)), 10)
        left = width - _DEFAULT - (_NARROWEST_VALUE + _PADDING) * len(self._names) - 2 * _PADDING
        name_width = min(name_width, max(left, _NARROWEST_NAME))
        rest = width - name_width - _DEFAULT - 4
        value_width = max(rest // len(self._names) - 2, _NARROWEST_VALUE)
        needed = name_width + _DEFAULT + (value_width + _PADDING) * len(self._names) + 2 * _PADDING
        columns = [Column("name", "difference", name_width), Column("default", "default", _DEFAULT)]
        for place, name in enumerate(self._names):
            columns.append(Column(str(place), shortened(plain(name), value_width), value_width))
        rows = {
            f"{one.kind} {one.name}": (
                shortened_name(plain(one.name), name_width),
                "" if one.default is None else shortened(shown_value(one.default), _DEFAULT),
                *(shortened(plain(value), value_width) for value in one.short_values()),
            )
            for one in self._differences
        }
        self.show_rows(columns, rows)
        self.fixed_columns = int(needed > width)  # names stay in sight while the user scrolls to the right


def whole_difference(difference: Difference, names: Sequence[str]) -> str:
    """Return a difference in full: a line for what it is and one for each run, whose name begins with its sign."""
    lines = [f"{difference.kind}  {difference.name}"]
    lines += [f"{name}: {shown_value(value)}" for name, value in zip(names, difference.values, strict=True)]
    return plain("\n".join(lines))


def _run_cells(run: FollowedRun, sign: str, is_seen: bool, name_width: int) -> tuple[str, ...]:
    done = f"{0 if run.state.iteration is None else run.state.iteration + 1} of {run.state.last_iteration + 1}"
    status = run.status_text if is_seen else _HIDDEN
    latest = run.state.latest
    newest = number(latest.get(REWARD)), success_text(latest.get(SUCCESS_RATE))
    return sign, shortened_name(plain(run.name), name_width), status, done, *newest
