"""The first line of a chart: its title, and the names and values of its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.charts.axes import format_value
from tui.charts.canvas import CellGrid, Line, Segment, SeriesStyle, StyleName, fit_text, plain_text

CURVE_GLYPHS = "●■▲★◎□△☆"
"""Signs that distinguish the curves of one chart without colour; none is the sign of a mark."""

_SHORT_NAME, _SHORTEST_NAME = 4, 3  # characters of a name in a narrow legend
_LEAST_TITLE = 6
_MORE: Segment = (" …", "label")  # stands for curves that do not fit


@dataclass(frozen=True)
class Entry:
    """A curve's name, sign and style, and its value; None without one."""

    name: str
    glyph: str
    style: SeriesStyle
    value: float | None


def draw_title(grid: CellGrid, title: str, entries: Sequence[Entry], value_style: StyleName) -> None:
    """Write the title on the left and the values of the curves on the right, as far as they fit."""
    title = plain_text(title)
    legend = _legend(entries, grid.width - 1 - min(len(title), _LEAST_TITLE), value_style)
    column = max(0, grid.width - _length(legend))
    grid.put(0, 0, fit_text(title, column - 1 if legend else grid.width), "title")
    for text, style in legend:
        grid.put(0, column, fit_text(text, grid.width - column), style)
        column += len(text)


def _legend(entries: Sequence[Entry], room: int, value_style: StyleName) -> Line:
    """Return as many names, values and curves as fit in `room` cells; at least the first curve's value."""
    if all(entry.value is None for entry in entries):
        return ()
    values = ["–" if entry.value is None else format_value(entry.value) for entry in entries]
    if len(entries) > 1:
        names = [plain_text(entry.name) for entry in entries]
        short_names = [fit_text(name, _SHORT_NAME) for name in names]
        shortest, nothing = [name[:_SHORTEST_NAME] for name in names], [""] * len(entries)
        ways = ((names, values), (short_names, values), (shortest, values), (names, nothing), (nothing, values))
        for left, right in ways:
            if len(set(left)) < len(set(names)) and left is not nothing:
                continue  # the signs alone are clearer than names cut to the same letters
            legend = _legend_of(entries, left, right, value_style)
            if _length(legend) <= room:
                return legend
        for count in range(len(entries) - 1, 0, -1):
            for left in (short_names, nothing) if len(set(short_names)) == len(set(names)) else (nothing,):
                legend = (*_legend_of(entries[:count], left[:count], values[:count], value_style), _MORE)
                if _length(legend) <= room:
                    return legend
    return ((values[0], value_style),)


def _length(line: Line) -> int:
    return sum(len(text) for text, _ in line)


def _legend_of(entries: Sequence[Entry], names: list[str], values: list[str], value_style: StyleName) -> Line:
    segments: list[Segment] = []
    for entry, name, value in zip(entries, names, values, strict=True):
        segments += [("  ", "plain"), (f"{entry.glyph} {name}".rstrip(), entry.style)]
        if value:
            segments += [(" ", "plain"), (value, value_style)]
    return tuple(segments[1:])
