"""The runs that are compared, with the signs that their curves have, and the table of what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable

from curricula.curriculum import SUCCESS_RATE
from tui.charts.legend import CURVE_GLYPHS
from tui.session.numbers import number
from tui.session.runs.compare import Difference, shown_value
from tui.session.runs.followed import FollowedRun
from tui.session.runs.journal_summary import REWARD
from tui.session.runs.run_columns import success_text
from tui.session.status_text import STATUS_SIGNS
from tui.session.text import plain, shortened, shortened_name
from tui.widgets.shown_keys import key_of

_SHARE_OF_NAME = 0.4
_NARROWEST_NAME, _NARROWEST_VALUE, _DEFAULT = 24, 8, 9
_HIDDEN = "hidden"
_WIDTHS = {"": 1, "run": 19, "status": 11, "iteration": 16, "reward": 9, "success": 7}
"""Columns of the runs; the name's has what room there is."""
_RIGHT_ALIGNED = ("reward", "success")
_PADDING = 2
_ENDS: list[BindingType] = [
    Binding("home", "scroll_top", "first row", show=False, tooltip="Go to the first row", id="compare.first"),
    Binding("end", "scroll_bottom", "last row", show=False, tooltip="Go to the last row", id="compare.last"),
]
MOST_SEEN = len(CURVE_GLYPHS)
"""So many runs can be told apart on a chart."""


def run_sign(place: int | None) -> str:
    """Return the sign of a run's curves, by its place on the charts from 0 on; a blank if it has none."""
    return " " if place is None else CURVE_GLYPHS[place]


class ComparedRuns(DataTable[Text]):
    """A row a run: sign, name, status, iteration, reward, success."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self._runs: Sequence[tuple[FollowedRun, str, bool]] = ()
        self._name_width = 0
        self._rows: list[tuple[str, ...]] = []

    def on_mount(self) -> None:
        """Say what this is."""
        self.border_title = Content(f"runs ({key_of(self.app, 'compare.hide', 'space')} hides, Enter opens)")

    def show(self, runs: Sequence[tuple[FollowedRun, str, bool]]) -> None:
        """Bring the rows up to date: each run with its sign, and whether it is seen on the charts."""
        self._runs = runs
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def _update(self) -> None:
        room = self.scrollable_content_region.width - sum(_WIDTHS.values()) - _PADDING * len(_WIDTHS)
        longest = max((len(run.name) for run, _, _ in self._runs), default=0)
        name_width = max(_WIDTHS["run"], min(longest, _WIDTHS["run"] + room))
        if name_width != self._name_width:
            self._begin_anew(name_width)
        rows = [_run_cells(*one, name_width) for one in self._runs]
        for place, row in enumerate(rows):
            if place >= len(self._rows):
                self.add_row(*map(_text, _WIDTHS, row), key=str(place))
            elif row != self._rows[place]:
                for column, cell in zip(_WIDTHS, row, strict=True):
                    self.update_cell(str(place), column, _text(column, cell))
        self._rows = rows

    def _begin_anew(self, name_width: int) -> None:
        row = self.cursor_row
        self.clear(columns=True)
        self._name_width, self._rows = name_width, []
        for column, width in (_WIDTHS | {"run": name_width}).items():
            self.add_column(_text(column, column), key=column, width=width)
        self.call_after_refresh(self.move_cursor, row=row)


class DifferenceTable(DataTable[Text]):
    """A row a difference: where, what, and the value of each run; whole values are told of the row under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self.border_title = "differences"
        self._names: Sequence[str] = ()
        self._differences: Sequence[Difference] = ()
        self._shown: tuple[int, Sequence[str], Sequence[Difference]] | None = None

    @property
    def difference(self) -> Difference | None:
        """The one under the cursor."""
        return self._differences[self.cursor_row] if 0 <= self.cursor_row < len(self._differences) else None

    def show(self, names: Sequence[str], differences: Sequence[Difference]) -> None:
        """Show these differences of the runs of these names, which begin with their signs."""
        self._names, self._differences = names, differences
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns."""
        self._update()

    def _update(self) -> None:
        width = self.scrollable_content_region.width
        wanted = (width, self._names, self._differences)
        if wanted == self._shown or not self._names or not width:
            return
        self._shown = wanted
        row, scrolled = self.cursor_row, self.scroll_y
        self.clear(columns=True)
        names = max((len(one.name) for one in self._differences), default=10)
        name_width = max(min(names, int(width * _SHARE_OF_NAME)), 10)
        left = width - _DEFAULT - (_NARROWEST_VALUE + _PADDING) * len(self._names) - 2 * _PADDING
        name_width = min(name_width, max(left, _NARROWEST_NAME))
        rest = width - name_width - _DEFAULT - 4
        value_width = max(rest // len(self._names) - 2, _NARROWEST_VALUE)
        needed = name_width + _DEFAULT + (value_width + _PADDING) * len(self._names) + 2 * _PADDING
        self.fixed_columns = int(needed > width)  # what the values are of stays in sight while one goes to the right
        self.add_column("differs in", key="name", width=name_width)
        self.add_column("default", key="default", width=_DEFAULT)
        for name in self._names:
            self.add_column(Text(shortened(plain(name), value_width)), width=value_width)
        for one in self._differences:
            values = [shortened(plain(value), value_width) for value in one.short_values()]
            default = "" if one.default is None else shortened(shown_value(one.default), _DEFAULT)
            self.add_row(Text(shortened_name(plain(one.name), name_width)), Text(default), *map(Text, values))
        self.move_cursor(row=min(row, max(len(self._differences) - 1, 0)), scroll=False)
        self.scroll_to(y=scrolled, animate=False)


def whole_difference(difference: Difference, names: Sequence[str]) -> str:
    """Return a difference in full: a line for what it is and one for each run, whose name begins with its sign."""
    lines = [f"{difference.kind}  {difference.name}"]
    lines += [f"{name}: {shown_value(value)}" for name, value in zip(names, difference.values, strict=True)]
    return plain("\n".join(lines))


def _run_cells(run: FollowedRun, sign: str, is_seen: bool, name_width: int) -> tuple[str, ...]:
    done = f"{0 if run.state.iteration is None else run.state.iteration + 1} of {run.state.last_iteration + 1}"
    status = f"{STATUS_SIGNS[run.status]} {run.status}" if is_seen else _HIDDEN
    latest = run.state.latest
    newest = number(latest.get(REWARD)), success_text(latest.get(SUCCESS_RATE))
    return sign, shortened_name(plain(run.name), name_width), status, done, *newest


def _text(column: str, cell: str) -> Text:
    return Text(cell, justify="right" if column in _RIGHT_ALIGNED else "left")
