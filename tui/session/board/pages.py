"""The pages of a board: which charts each has, by what the run publishes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.plans import (
    ChartPlan,
    board_of,
    named_board,
    plan_of_levels,
    plan_of_metrics,
    titled_plan,
    watched_board,
)
from tui.session.fuzzy import best_first
from tui.session.metrics.names import ROLE_TITLES, Family, family_of, metric_of, term_of

PAGE_TITLES = ("overview", "rewards", "terminations", "curricula", "pinned", "others", "found")
"""All pages in their order; the last one is there only while something is looked for."""
OVERVIEW, REWARDS, TERMINATIONS, CURRICULA, PINNED, OTHERS, FOUND = PAGE_TITLES
_EMPTY = {
    OVERVIEW: "no data yet",
    REWARDS: "no reward term is published yet: their first values come when episodes end",
    TERMINATIONS: "no termination is published yet: their first values come when episodes end",
    CURRICULA: "this run publishes no curriculum level and no tracking error",
    PINNED: "no chart is pinned: f finds a metric, Enter pins it here",
    OTHERS: "all that is published is on the other pages",
    FOUND: "nothing matches",
}
_NOTHING = "no data yet"
MAX_CHARTS = 60
"""More than a page of these nobody looks at; what is behind them is found by its name."""
_SUCCESS_OF = "Success/"
_COUNTS = "/episodes"  # of a curriculum's episodes at its level: they only count up


@dataclass(frozen=True)
class Page:
    """A page of charts; `empty` says why there are none, `left_out` how many charts there was no place for."""

    title: str
    plans: tuple[ChartPlan, ...]
    empty: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class BoardContent:
    """What the pages of a board depend on.

    `names` are the metrics that were published so far, in that order, `curricula` the names of the run's. `charts` are
    what the person wants to see on the first page, by role or metric. `is_own` tells that the run is one of this
    program, whose metrics are known before they come. `found` is what the person looks for.
    """

    names: tuple[str, ...] = ()
    curricula: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    is_own: bool = True
    found: str = ""


def names_of(sources: Iterable[ChartSource]) -> tuple[str, ...]:
    """Return the metrics that any of these runs has published, in the order in which they came."""
    series = (source.history.series.items() for source in sources)
    return tuple(dict.fromkeys(name for of_one in series for name, points in of_one if points.count))


def pages_of(content: BoardContent, layout: BoardLayout) -> tuple[Page, ...]:
    """Return the board's pages; what is found is one of them only while something is looked for."""
    overview = _overview(content)
    own = {
        OVERVIEW: overview,
        REWARDS: _terms("reward term", content.names),
        TERMINATIONS: _terms("termination", content.names),
        CURRICULA: _curricula_page(content),
    }
    seen = {metric for plans in own.values() for plan in plans for metric in plan.metrics}
    seen.update(plan.reference for plan in overview)
    rest = [name for name in content.names if name not in seen]
    known = {metric_of(role, rest) for role in ROLE_TITLES}
    rest.sort(key=lambda name: name not in known)
    pages = {
        **own,
        PINNED: tuple(plan_of_metrics(*pin) for pin in layout.pins),
        OTHERS: tuple(plan_of_metrics(name) for name in rest),
    }
    if content.found:
        pages[FOUND] = tuple(plan_of_metrics(name) for name in best_first(content.found, content.names))
    return tuple(_page(title, plans, content, layout) for title, plans in pages.items())


def _page(title: str, plans: Iterable[ChartPlan], content: BoardContent, layout: BoardLayout) -> Page:
    by_key = {plan.key: plan.with_metrics(layout.added.get(plan.key, ())) for plan in plans}
    ordered = tuple(by_key[key] for key in layout.ordered(title, list(by_key)))
    empty = _EMPTY[title] if content.names or title == PINNED else _NOTHING
    return Page(title, ordered[:MAX_CHARTS], empty, max(len(ordered) - MAX_CHARTS, 0))


def _overview(content: BoardContent) -> tuple[ChartPlan, ...]:
    if content.charts:
        return named_board(content.charts, content.names)
    return board_of(content.curricula) if content.is_own else watched_board(content.names)


def _terms(family: Family, names: Iterable[str]) -> tuple[ChartPlan, ...]:
    return tuple(titled_plan(term_of(name), name) for name in names if family_of(name) == family)


def _curricula_page(content: BoardContent) -> tuple[ChartPlan, ...]:
    """Return levels, errors of tracking, success by terrain and by task, and what else tells of a curriculum."""
    levels = (plan_of_levels(content.curricula),) if content.curricula else ()
    told = {metric for plan in levels for metric in plan.metrics}
    told.update(f"Curriculum/{name}{_COUNTS}" for name in content.curricula)
    success = [name for name in content.names if name.startswith(_SUCCESS_OF)]
    left = [name for name in content.names if family_of(name) == "curriculum" and name not in told]
    return (
        *levels,
        *_terms("tracking error", content.names),
        *(titled_plan(f"success, {_last_part(name)}", name) for name in success),
        *_with_pairs(left),
    )


def _with_pairs(names: Sequence[str]) -> list[ChartPlan]:
    """Return a chart for each metric, but one for both ends of a range."""
    plans: list[ChartPlan] = []
    for name in names:
        stem, _, end = name.rpartition("_")
        ends = (f"{stem}_min", f"{stem}_max")
        if end in ("min", "max") and _are_in(ends, names):
            if name == next(one for one in names if one in ends):
                plans.append(
                    ChartPlan(term_of(stem + "_max").removesuffix("_max"), (("min", ends[0]), ("max", ends[1])))
                )
        else:
            plans.append(titled_plan(term_of(name), name))
    return plans


def _are_in(wanted: Iterable[str], names: Collection[str]) -> bool:
    return all(name in names for name in wanted)


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]
