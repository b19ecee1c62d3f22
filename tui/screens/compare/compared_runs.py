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
from tui.session.runs.difference_columns import difference_cells, fit_differences
from tui.session.runs.followed import FollowedRun
from tui.session.runs.journal_summary import REWARD
from tui.session.runs.run_columns import success_text
from tui.session.text import plain, shortened_names
from tui.widgets.diff_table import Column
from tui.widgets.key_table import key
from tui.widgets.series_table import SeriesTable
from tui.widgets.shown_keys import key_of

_HIDDEN = "hidden"
_WIDTHS = {"": 1, "run": 19, "status": 11, "iteration": 16, "reward": 9, "success": 7}
"""Widths of the columns in cells; the name gets the remaining width."""
_RIGHT_ALIGNED = ("reward", "success")
_COLOURED = ("", "run")
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


class ComparedRuns(SeriesTable):
    """A row a run: sign, name, status, iteration, reward, success."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: Sequence[tuple[FollowedRun, int | None, bool]] = ()

    def on_mount(self) -> None:
        self.border_title = Content(f"runs ({key_of(self.app, 'compare.hide', 'space')} hides, Enter opens)")

    def show(self, runs: Sequence[tuple[FollowedRun, int | None, bool]]) -> None:
        """Update the rows: each run with its place on the charts, and whether it is visible there."""
        self._runs = runs
        self.update_rows()

    def on_resize(self, event: events.Resize) -> None:
        self.update_rows()

    def update_rows(self) -> None:
        room = self.scrollable_content_region.width - sum(_WIDTHS.values()) - _PADDING * len(_WIDTHS)
        names = [plain(run.name) for run, _, _ in self._runs]
        width = max(_WIDTHS["run"], min(max(map(len, names), default=0), _WIDTHS["run"] + room))
        columns = [
            Column(key, key, width, key in _RIGHT_ALIGNED, is_coloured=key in _COLOURED)
            for key, width in (_WIDTHS | {"run": width}).items()
        ]
        shown = zip(self._runs, shortened_names(names, width), strict=True)
        self.show_rows(
            columns,
            {str(row): _run_cells(one, name) for row, (one, name) in enumerate(shown)},
            colours={str(row): self.series_style(place) for row, (_, place, _) in enumerate(self._runs)},
        )


class DifferenceTable(SeriesTable):
    """A row a difference: name, default, and the value of each run; the selected row is shown in full below."""

    BINDINGS: ClassVar[list[BindingType]] = _ENDS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "differences"
        self._runs: Sequence[tuple[str, int | None]] = ()
        self._differences: Sequence[Difference] = ()

    @property
    def difference(self) -> Difference | None:
        """The selected difference."""
        return self._differences[self.cursor_row] if 0 <= self.cursor_row < len(self._differences) else None

    def show(self, runs: Sequence[tuple[str, int | None]], differences: Sequence[Difference]) -> None:
        """Show these differences of runs, each a name and the place of its curves."""
        self._runs, self._differences = runs, differences
        self.update_rows()

    def on_resize(self, event: events.Resize) -> None:
        self.update_rows()

    def update_rows(self) -> None:
        width = self.scrollable_content_region.width
        if not self._runs or not width:
            return
        heads = [f"{run_sign(place)} {plain(name)}" for name, place in self._runs]
        fitted = fit_differences(self._differences, heads, width)
        columns = [Column("name", "difference", fitted.name)]
        columns += [Column("default", "default", fitted.default)] * bool(fitted.default)
        names = [plain(name) for name, _ in self._runs]
        for run, ((_, place), width) in enumerate(zip(self._runs, fitted.values, strict=True)):
            label = f"{run_sign(place)} {shortened_names(names, width - 2)[run]}"
            columns.append(Column(str(run), label, width, label_style=self.series_style(place)))
        cells = difference_cells(self._differences, fitted)
        rows = {f"{one.kind} {one.name}": row for one, row in zip(self._differences, cells, strict=True)}
        self.show_rows(columns, rows)
        self.fixed_columns = int(
            fitted.whole > self.scrollable_content_region.width
        )  # names stay in sight while the user scrolls to the right


def whole_difference(difference: Difference, runs: Sequence[tuple[str, int | None]]) -> Content:
    """Return a difference in full: a line for what it is and one for each run, in the colour of its curves."""
    lines = [Content(plain(f"{difference.kind}  {difference.name}"))]
    for (name, place), value in zip(runs, difference.values, strict=True):
        colour = "" if place is None else f"$series-{place + 1}"
        head = plain(f"{run_sign(place)} {name}")
        lines.append(Content.assemble((head, colour), plain(f": {shown_value(value)}")))
    return Content("\n").join(lines)


def _run_cells(one: tuple[FollowedRun, int | None, bool], shown_name: str) -> tuple[str, ...]:
    run, place, is_seen = one
    done = f"{0 if run.state.iteration is None else run.state.iteration + 1} of {run.state.last_iteration + 1}"
    status = run.status_text if is_seen else _HIDDEN
    latest = run.state.latest
    newest = number(latest.get(REWARD)), success_text(latest.get(SUCCESS_RATE))
    return run_sign(place), shown_name, status, done, *newest
