"""Text of a board's header line: the pages, the view, the crosshair and the marks there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tui.charts.axes import format_value
from tui.charts.view import ChartView, Range
from tui.session.board.pages import Page
from tui.session.interventions.marks import MARK_SIGNS, Mark
from tui.session.metrics.timeline import XUnit

_GAP = "  "
_WHOLE_PLACES = 1e9
"""Steps of other libraries are as many as environment steps."""


@dataclass(frozen=True)
class Tab:
    """Cells from `start` to before `end` that show the page with index `page`."""

    start: int
    end: int
    page: int


@dataclass(frozen=True)
class HeaderLine:
    """Text of exactly the requested width, and the cells of the page names in it."""

    text: str
    tabs: tuple[Tab, ...] = ()


def header_line(pages: Sequence[Page], current: int, view_texts: Sequence[str], width: int) -> HeaderLine:
    """Return the pages on the left and the view on the right, as much of both as fits in `width` cells.

    `view_texts` are ever shorter texts of the view; the second one has priority over the names of the pages.
    """
    counted, named, numbered = (_named_pages(pages, current, how) for how in ("counted", "named", "numbered"))
    ways = [*product(view_texts[:1], (counted, named)), *product(view_texts[1:2], (named,))]
    for right, (left, tabs) in [*ways, *product(view_texts, (numbered,))]:
        if len(left) + len(_GAP) * bool(right) + len(right) <= width:
            return HeaderLine(f"{left}{right:>{width - len(left)}}", tabs)
    left, tabs = numbered
    return HeaderLine(f"{left[:width]:<{width}}", tuple(tab for tab in tabs if tab.end <= width))


def _named_pages(pages: Sequence[Page], current: int, how: str) -> tuple[str, tuple[Tab, ...]]:
    text, tabs = "", []
    for place, page in enumerate(pages):
        name = f" {place + 1}"
        if place == current or how != "numbered":
            name += f" {page.title}"
        if how == "counted" and page.plans:
            name += f" ({len(page.plans) + page.left_out})"
        tabs.append(Tab(len(text), len(text) + len(name) + 1, place))
        text += name + " "
    return text, tuple(tabs)


def view_texts(view: ChartView, logs: int, charts_left_out: int = 0) -> list[str]:
    """Return ever shorter texts of the view; `logs` charts of the page have a logarithmic axis."""
    how = [f"smooth {view.smoothing:g}"] if view.smoothing else []
    how += ["log y"] if logs else []
    more = [f"{charts_left_out} more: f finds"] if charts_left_out else []
    is_default = view.unit == "iteration" and view.shows_all
    shown = _shown(view)
    return [_joined(*more, shown, *how), _joined(*([] if is_default else [shown]), *how), _joined(*how), ""]


def _shown(view: ChartView) -> str:
    if view.range is not None:
        low, high = (place_text(end, view.unit) for end in view.range)
        return f"{view.unit} {low}–{high}"
    return f"{view.unit}: all" if view.follow is None else f"{view.unit}: last {place_text(view.follow, view.unit)}"


def crosshair_texts(places: Sequence[tuple[XUnit, float]]) -> list[str]:
    """Return ever shorter texts of the crosshair's position in these units; the first is that of the x axis."""
    wordings = {"iteration": "iteration {}", "steps": "{} steps", "time": "{}"}
    texts = [wordings[unit].format(place_text(place, unit)) for unit, place in places]
    return [_joined(*texts[:count]) for count in range(len(texts), 0, -1)] or [""]


def marks_text(marks: Sequence[tuple[str, Mark]], width: int) -> str:
    """Return the changes at these marks, newest first, in `width` cells; the rest is counted, as in `(+2)`.

    Each mark comes with the sign of its run, empty for a single run.
    """
    changes = [f"{MARK_SIGNS[mark.kind]} {run}{mark.label} {mark.text}".rstrip() for run, mark in reversed(marks)]
    for count in range(len(changes), 0, -1):
        rest = f"  (+{len(changes) - count})" if count < len(changes) else ""
        text = _GAP.join(changes[:count]) + rest
        if len(text) <= width:
            return text
    rest = f"  (+{len(changes) - 1})" if len(changes) > 1 else ""
    return changes[0][: max(width - len(rest) - 1, 0)] + "…" + rest if changes else ""


def marks_near(marks: Sequence[tuple[float, str, Mark]], place: float, within: float) -> list[tuple[str, Mark]]:
    """Return the marks at most `within` away from a place of the x axis; `marks` are (place, run, mark)."""
    return [(run, mark) for at, run, mark in marks if abs(at - place) <= within]


def place_text(place: float, unit: XUnit) -> str:
    """Format a place or a width of an x axis: "1200", "12.4M" or "1:02:30"."""
    if unit == "iteration" and abs(place) < _WHOLE_PLACES:
        return f"{place:.0f}"
    if unit != "time":
        return format_value(place)
    seconds = round(place)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def cell_span(visible: Range, cells: int) -> float:
    """Return the width of one cell of a plot in units of the x axis."""
    return (visible[1] - visible[0]) / max(cells, 1)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
