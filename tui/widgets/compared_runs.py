"""The runs that are compared, with the signs that their curves have, and the table of what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from curricula.curriculum import SUCCESS_RATE
from tui.session.describe import STATUS_SIGNS, number
from tui.session.knobs.text import shortened, shortened_name
from tui.session.runs.compare import Difference, shown_value
from tui.session.runs.followed import FollowedRun
from tui.session.runs.glance import REWARD
from tui.session.runs.rows import success_text
from tui.session.text import plain
from tui.widgets.chart.legend import CURVE_GLYPHS

_SHARE_OF_NAME = 0.4
_NARROWEST_VALUE, _DEFAULT = 8, 9
_HIDDEN = "hidden"
_WIDTHS = {"": 1, "run": 19, "status": 11, "iteration": 16, "reward": 9, "success": 7}
"""Columns of the runs."""


def run_sign(place: int) -> str:
    """Return the sign of a run's curves, by its place from 0 on."""
    return CURVE_GLYPHS[place % len(CURVE_GLYPHS)]


class ComparedRuns(DataTable[Text]):
    """A row a run: sign, name, status, iteration, reward, success."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self.border_title = "runs (space hides, Enter opens)"
        self._rows: list[tuple[str, ...]] = []
        for label, width in _WIDTHS.items():
            self.add_column(label, key=label, width=width)

    def show(self, runs: Sequence[FollowedRun]) -> None:
        """Bring the rows up to date."""
        rows = [_run_cells(place, run) for place, run in enumerate(runs)]
        for place, row in enumerate(rows):
            if place >= len(self._rows):
                self.add_row(*map(Text, row), key=str(place))
            elif row != self._rows[place]:
                for column, cell in zip(_WIDTHS, row, strict=True):
                    self.update_cell(str(place), column, Text(cell))
        self._rows = rows


class DifferenceTable(DataTable[Text]):
    """A row a difference: where, what, and the value of each run; whole values are told of the row under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "home", "scroll_top", "first difference", show=False, tooltip="Go to the first row", id="compare.first"
        ),
        Binding("end", "scroll_bottom", "last difference", show=False, tooltip="Go to the last row", id="compare.last"),
    ]

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
        """Show these differences of the runs of these names."""
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
        rest = width - name_width - _DEFAULT - 4
        value_width = max(rest // len(self._names) - 2, _NARROWEST_VALUE)
        self.add_column("differs in", key="name", width=name_width)
        self.add_column("default", key="default", width=_DEFAULT)
        for place, name in enumerate(self._names):
            self.add_column(Text(shortened(f"{run_sign(place)} {plain(name)}", value_width)), width=value_width)
        for one in self._differences:
            values = [shortened(plain(value), value_width) for value in one.short_values()]
            default = "" if one.default is None else shortened(shown_value(one.default), _DEFAULT)
            self.add_row(Text(shortened_name(plain(one.name), name_width)), Text(default), *map(Text, values))
        self.move_cursor(row=min(row, max(len(self._differences) - 1, 0)), scroll=False)
        self.scroll_to(y=scrolled, animate=False)


def whole_difference(difference: Difference, names: Sequence[str]) -> str:
    """Return a difference in full: a line for what it is and one for each run."""
    lines = [f"{difference.kind}  {difference.name}"]
    lines += [
        f"{run_sign(place)} {name}: {shown_value(value)}"
        for place, (name, value) in enumerate(zip(names, difference.values, strict=True))
    ]
    return plain("\n".join(lines))


def _run_cells(place: int, run: FollowedRun) -> tuple[str, ...]:
    done = f"{0 if run.state.iteration is None else run.state.iteration + 1} of {run.state.last_iteration + 1}"
    status = _HIDDEN if run.is_hidden else f"{STATUS_SIGNS[run.status]} {run.status}"
    latest = run.state.latest
    newest = number(latest.get(REWARD)), success_text(latest.get(SUCCESS_RATE))
    return run_sign(place), shortened_name(plain(run.name), _WIDTHS["run"]), status, done, *newest
