"""The line at a board's edge: which page this is, what the x axis shows, or what is under the crosshair. Pure."""

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


@dataclass(frozen=True)
class Tab:
    """The cells from `start` to before `end` that stand for a page; the first page has number 0."""

    start: int
    end: int
    page: int


@dataclass(frozen=True)
class HeaderLine:
    """The text, exactly as wide as asked for, and where in it the pages are named."""

    text: str
    tabs: tuple[Tab, ...] = ()


def header_line(pages: Sequence[Page], current: int, view_texts: Sequence[str], width: int) -> HeaderLine:
    """Name the pages on the left and the view on the right: the most that fits of both.

    `view_texts` say the same in ever fewer words; of the second one, nothing should give way to the names of pages.
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
            name += f" {len(page.plans) + page.left_out}"
        tabs.append(Tab(len(text), len(text) + len(name) + 1, place))
        text += name + " "
    return text, tuple(tabs)


def view_texts(view: ChartView, logs: int, charts_left_out: int = 0) -> list[str]:
    """Return what is said of the view, in ever fewer words; `logs` charts of the page have a logarithmic axis."""
    how = [f"smooth {view.smoothing:g}"] if view.smoothing else []
    how += ["log y"] if logs else []
    more = [f"{charts_left_out} more by f"] if charts_left_out else []
    usual = view.unit == "iteration" and view.shows_all
    shown = _shown(view)
    return [_joined(*more, shown, *how), _joined(*([] if usual else [shown]), *how), _joined(*how), ""]


def _shown(view: ChartView) -> str:
    if view.range is not None:
        low, high = (place_text(end, view.unit) for end in view.range)
        return f"{view.unit} {low}–{high}"
    return f"{view.unit}, all" if view.follow is None else f"{view.unit}, last {place_text(view.follow, view.unit)}"


def crosshair_texts(places: Sequence[tuple[XUnit, float]]) -> list[str]:
    """Return where the crosshair is, in ever fewer units; the first is the one of the x axis."""
    wordings = {"iteration": "iteration {}", "steps": "{} steps", "time": "{}"}
    said = [wordings[unit].format(place_text(place, unit)) for unit, place in places]
    return [_joined(*said[:count]) for count in range(len(said), 0, -1)] or [""]


def marks_text(marks: Sequence[tuple[str, Mark]], width: int) -> str:
    """Return what was changed, by the name of the run (empty if there is one) and mark; what has no place is counted.

    The newest, which is in force, comes first.
    """
    said = [f"{MARK_SIGNS[mark.kind]} {run}{mark.label} {mark.text}".rstrip() for run, mark in reversed(marks)]
    for count in range(len(said), 0, -1):
        rest = f"  (+{len(said) - count})" if count < len(said) else ""
        text = _GAP.join(said[:count]) + rest
        if len(text) <= width:
            return text
    rest = f"  (+{len(said) - 1})" if len(said) > 1 else ""
    return said[0][: max(width - len(rest) - 1, 0)] + "…" + rest if said else ""


def marks_near(marks: Sequence[tuple[float, str, Mark]], place: float, within: float) -> list[tuple[str, Mark]]:
    """Return the marks at most `within` away from a place of the x axis; each comes with its place and its run."""
    return [(run, mark) for at, run, mark in marks if abs(at - place) <= within]


def place_text(place: float, unit: XUnit) -> str:
    """Write a place or a width of an x axis: "1200", "12.4M" or "1:02:30"."""
    if unit == "iteration":
        return f"{place:.0f}"
    if unit == "steps":
        return format_value(place)
    seconds = round(place)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def cell_span(visible: Range, cells: int) -> float:
    """Return how much of an x axis a cell of a plot is wide."""
    return (visible[1] - visible[0]) / max(cells, 1)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
