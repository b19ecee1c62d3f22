"""Draw values with their intervals as cells, one below the other."""

from __future__ import annotations

from tui.charts.canvas import SERIES_STYLES, CellGrid, fit_text, plain_text
from tui.charts.legend import CURVE_GLYPHS
from tui.session.evaluations.figures import Intervals, Row
from tui.session.numbers import UNKNOWN
from tui.session.text import shortened_names

_WIDEST_LABEL, _WIDEST_TRACK, _NARROWEST_TRACK = 26, 60, 10
_HEADER, _FOOTER = 1, 1  # title; ends of the scale


def intervals_height(figure: Intervals) -> int:
    """Return the lines of the figure."""
    return _HEADER + len(figure.rows) + _FOOTER


def paint_intervals(grid: CellGrid, figure: Intervals) -> None:
    """Paint a row for each value: label, interval on the scale, numbers, note."""
    grid.put(0, 0, fit_text(plain_text(figure.title), grid.width), "title")
    numbers = [number_text(row, figure) for row in figure.rows]
    longest = max((len(row.label) for row in figure.rows), default=0)
    text = max(map(len, numbers), default=0)
    label = min(longest, _WIDEST_LABEL, max(grid.width - text - _NARROWEST_TRACK - 4, 4))
    note = max((len(row.note) for row in figure.rows), default=0)
    room = grid.width - label - text - 4
    track = min(max(room - note - 2 * bool(note), min(room, _NARROWEST_TRACK)), _WIDEST_TRACK)
    labels = shortened_names([plain_text(row.label) for row in figure.rows], label)
    for line, (row, name, shown) in enumerate(zip(figure.rows, labels, numbers, strict=True), start=_HEADER):
        grid.put(line, 0, name, "plain" if row.policy == 0 else "label")
        if track >= _NARROWEST_TRACK:
            _draw_track(grid, line, label + 2, track, row, figure)
        after = label + 2 + (track + 2 if track >= _NARROWEST_TRACK else 0)
        grid.put(line, after, fit_text(shown, grid.width - after), "value" if row.policy == 0 else "label")
        after += text + 2
        if row.note:
            grid.put(line, after, fit_text(plain_text(row.note), grid.width - after), "label")
    if track >= _NARROWEST_TRACK:
        _draw_scale(grid, _HEADER + len(figure.rows), label + 2, track, figure)


def number_text(row: Row, figure: Intervals) -> str:
    """Return a row's value with its interval: `95.8 (79.8 to 99.3)`."""
    if row.value is None:
        return UNKNOWN
    value = f"{figure.scale.text(row.value)}"
    if row.low is None or row.high is None:
        return value
    return f"{value} ({figure.scale.text(row.low)} to {figure.scale.text(row.high)})"


def _draw_track(grid: CellGrid, line: int, left: int, width: int, row: Row, figure: Intervals) -> None:
    grid.put(line, left, "·" * width, "axis")
    style = SERIES_STYLES[row.policy]
    if row.value is None:
        return
    if row.low is not None and row.high is not None:
        first, last = (_cell(end, width, figure) for end in (row.low, row.high))
        grid.put(line, left + first, "├" + "─" * (last - first - 1) + "┤" * (last > first), style)
    grid.put(line, left + _cell(row.value, width, figure), CURVE_GLYPHS[row.policy], style)


def _draw_scale(grid: CellGrid, line: int, left: int, width: int, figure: Intervals) -> None:
    low = figure.scale.text(figure.scale.low)
    high = f"{figure.scale.text(figure.scale.high)} {figure.scale.unit}".rstrip()
    if len(low) + len(high) < width:
        grid.put(line, left, low, "label")
    grid.put(line, left + width - len(high), high, "label")


def _cell(value: float, width: int, figure: Intervals) -> int:
    scale = figure.scale
    share = min(max((value - scale.low) / (scale.high - scale.low), 0.0), 1.0)
    return round(share * (width - 1))
