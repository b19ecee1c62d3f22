"""Columns and cells of the table of differences: wide enough that different values look different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.session.runs.compare import Difference, shown_value
from tui.session.text import plain, shortened, shortened_names

GAP = 2
"""Cells around each column."""
_SHARE_OF_NAME = 0.45
_NARROWEST_NAME, _NARROWEST_VALUE = 24, 8
_WIDEST_DEFAULT, _WIDEST_VALUE = 9, 60


@dataclass(frozen=True)
class DifferenceColumns:
    """Cells of the columns without gaps: name, default (0: none of the rows has one), one value for each run."""

    name: int
    default: int
    values: tuple[int, ...]

    @property
    def whole(self) -> int:
        """Cells of all columns with their gaps."""
        columns = [self.name, *([self.default] if self.default else []), *self.values]
        return sum(columns) + GAP * len(columns)


def fit_differences(differences: Sequence[Difference], runs: Sequence[str], width: int) -> DifferenceColumns:
    """Return columns for `runs` (at least one) in `width` cells; values that need less leave their room to the others.

    They are wider than `width` if there are more runs than it can hold.
    """
    rows = [one.short_values() for one in differences]
    needs = [max([len(run), *(len(plain(row[place])) for row in rows)]) for place, run in enumerate(runs)]
    name_need = max((len(plain(one.name)) for one in differences), default=10)
    default = min(max((len(_default(one)) for one in differences), default=0), _WIDEST_DEFAULT)
    room = width - GAP * (len(runs) + 1 + bool(default)) - default
    name = min(name_need, max(int(width * _SHARE_OF_NAME), _NARROWEST_NAME), max(room - 1, _NARROWEST_NAME))
    name = max(min(name, room - _NARROWEST_VALUE * len(runs)), min(name_need, _NARROWEST_NAME))
    values = _shares([min(need, _WIDEST_VALUE) for need in needs], room - name, _NARROWEST_VALUE)
    left = max(room - name - sum(values), 0)
    return DifferenceColumns(min(name + left, max(name_need, name)), default, tuple(values))


def difference_cells(differences: Sequence[Difference], columns: DifferenceColumns) -> list[tuple[str, ...]]:
    """Return a row for each difference: name, default if there is such a column, and the value of each run."""
    names = shortened_names([plain(one.name) for one in differences], columns.name)
    rows = []
    for one, name in zip(differences, names, strict=True):
        default = [shortened(_default(one), columns.default)] if columns.default else []
        rows.append((name, *default, *_value_cells(one, columns.values)))
    return rows


def _default(difference: Difference) -> str:
    return "" if difference.default is None else plain(shown_value(difference.default))


def _value_cells(difference: Difference, widths: Sequence[int]) -> list[str]:
    """Return the values; those that are too long keep the part in which they differ from the other runs'."""
    texts = [plain(text) for text in difference.short_values()]
    return [
        text if len(text) <= width else shortened_names(texts, width)[place]
        for place, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]


def _shares(needs: Sequence[int], room: int, least: int) -> list[int]:
    """Share `room` cells: nobody gets more than needed, and all who need more get the same, at least `least`."""
    shares = [0] * len(needs)
    for done, place in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        shares[place] = max(min(needs[place], room // (len(needs) - done)), least)
        room -= shares[place]
    return shares
