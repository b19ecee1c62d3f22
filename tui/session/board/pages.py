"""The pages of a board and their charts, by the metrics that the run publishes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.library_units import base_name, own_name, with_units
from tui.session.board.plans import (
    EVALUATED_SUCCESS,
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

PAGE_TITLES = ("overview", "rewards", "terminations", "curricula", "pinned", "other", "shares", "search")
"""All pages in their order; the last one exists only during a search."""
OVERVIEW, REWARDS, TERMINATIONS, CURRICULA, PINNED, OTHER, SHARES, SEARCH = PAGE_TITLES
_NO_DATA = "no data yet"
_EMPTY = {
    OVERVIEW: _NO_DATA,
    REWARDS: "no reward terms yet: published when the first episodes end",
    TERMINATIONS: "no terminations yet: published when the first episodes end",
    CURRICULA: "no curriculum levels or tracking errors published",
    PINNED: "no pinned charts: f finds a metric, Enter pins it",
    OTHER: "all published metrics are on the other pages",
    SHARES: "no reward terms yet: published when the first episodes end",
    SEARCH: "no match",
}
MAX_CHARTS = 60
"""Charts on one page; further ones are found by name."""
_SUCCESS_OF = "Success/"
_PARTS_OF_SUCCESS = ("part", "score", "error", "instant_error")
"""Kinds of what an episode's success is made of, in the order of their charts; others are groups of episodes."""
_COUNTS = "/episodes"  # a curriculum's episodes at its level: a counter
_LEVELS_AT_RESETS, _LEVELS = "Curriculum/terrain_levels/", "Terrain/mean_level"
"""The task's own terrain levels, read at resets and before shifts; beside this program's they would contradict them."""


@dataclass(frozen=True)
class Page:
    """A page of charts; `empty` says why it has none, `left_out` counts charts beyond `MAX_CHARTS`."""

    title: str
    plans: tuple[ChartPlan, ...]
    empty: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class BoardContent:
    """Everything that the pages of a board depend on."""

    names: tuple[str, ...] = ()
    """Metrics published so far, in order."""
    curricula: tuple[str, ...] = ()
    """Names of the run's curricula."""
    charts: tuple[str, ...] = ()
    """The user's charts for the first page, by role or metric; empty for the default ones."""
    is_own: bool = True
    """Whether the run is of this program, whose metrics are known in advance."""
    shares: tuple[ChartPlan, ...] = ()
    """Charts of the page of reward shares."""
    search: str = ""
    """The user's search pattern; empty without a search."""
    replaced: frozenset[str] = frozenset()
    """Metrics by the library's name, where this program's own metric is there as well."""


def names_of(sources: Sequence[ChartSource]) -> tuple[str, ...]:
    """Return the metrics that any of these runs has published, in order; one in several units has a name for each."""
    series = (source.history.series.items() for source in sources)
    names = dict.fromkeys(name for of_one in series for name, points in of_one if points.count)
    if len(sources) < 2:
        return tuple(names)
    return tuple(one for name in names for one in with_units(name, (source.unit(name) for source in sources)))


def replaced_of(sources: Iterable[ChartSource]) -> frozenset[str]:
    """Return the library's metrics that every run with them has published under this program's name too."""
    replaced: set[str] = set()
    needed: set[str] = set()
    for source in sources:
        published = {name for name, points in source.history.series.items() if points.count}
        for name in published:
            if own := own_name(name):
                (replaced if own in published else needed).add(name)
    return frozenset(replaced - needed)


def pages_of(content: BoardContent, layout: BoardLayout) -> tuple[Page, ...]:
    """Return the board's pages; the page `search` only during a search."""
    overview = _overview(content)
    own = {
        OVERVIEW: overview,
        REWARDS: _rewards(content.names),
        TERMINATIONS: _terms("termination", (one for one in content.names if base_name(one) not in content.replaced)),
        CURRICULA: _curricula_page(content),
    }
    shown = {metric for plans in own.values() for plan in plans for metric in plan.metrics}
    shown.update(plan.reference for plan in overview)
    rest = [name for name in content.names if name not in shown]
    with_role = {metric_of(role, rest) for role in ROLE_TITLES}
    rest.sort(key=lambda name: name not in with_role)
    pages = {
        **own,
        PINNED: tuple(plan_of_metrics(*pin) for pin in layout.pins),
        OTHER: tuple(plan_of_metrics(name) for name in rest),
        SHARES: content.shares,
    }
    if content.search:
        pages[SEARCH] = tuple(plan_of_metrics(name) for name in best_first(content.search, content.names))
    return tuple(_page(title, plans, content, layout) for title, plans in pages.items())


def _page(title: str, plans: Iterable[ChartPlan], content: BoardContent, layout: BoardLayout) -> Page:
    by_key = {plan.key: plan.with_metrics(layout.added.get(plan.key, ())) for plan in plans}
    ordered = tuple(by_key[key] for key in layout.ordered(title, list(by_key)))
    empty = _EMPTY[title] if content.names or title == PINNED else _NO_DATA
    return Page(title, ordered[:MAX_CHARTS], empty, max(len(ordered) - MAX_CHARTS, 0))


def _overview(content: BoardContent) -> tuple[ChartPlan, ...]:
    named = named_board(content.charts, content.names)
    if named and (content.is_own or any(metric in content.names for plan in named for metric in plan.metrics)):
        return named
    if not content.is_own:
        return watched_board(content.names)
    return board_of(content.curricula, EVALUATED_SUCCESS in content.names)


def _terms(family: Family, names: Iterable[str]) -> tuple[ChartPlan, ...]:
    return tuple(titled_plan(term_of(name), name) for name in names if family_of(name) == family)


def _rewards(names: Sequence[str]) -> tuple[ChartPlan, ...]:
    """Return the terms as the library logs them, then each per second of life."""
    rates = (name for name in names if family_of(name) == "reward rate")
    return (*_terms("reward term", names), *(titled_plan(f"{term_of(name)} per s of life", name) for name in rates))


def _curricula_page(content: BoardContent) -> tuple[ChartPlan, ...]:
    """Return levels, parts of success, tracking errors, success by terrain and task, and other curriculum metrics."""
    levels = (plan_of_levels(content.curricula),) if content.curricula else ()
    shown = {metric for plan in levels for metric in plan.metrics}
    shown.update(f"Curriculum/{name}{_COUNTS}" for name in content.curricula)
    if _LEVELS in content.names:
        shown.update(name for name in content.names if name.startswith(_LEVELS_AT_RESETS))  # on page `other` instead
    success = [name for name in content.names if name.startswith(_SUCCESS_OF)]
    parts = [name for kind in _PARTS_OF_SUCCESS for name in success if name.split("/")[1] == kind]
    left = [name for name in content.names if family_of(name) == "curriculum" and name not in shown]
    return (
        *levels,
        *(titled_plan(_title_of_success(name), name) for name in parts),
        *_terms("tracking error", (one for one in content.names if base_name(one) not in content.replaced)),
        *(titled_plan(_title_of_success(name), name) for name in success if name not in parts),
        *_with_pairs(left),
    )


def _with_pairs(names: Sequence[str]) -> list[ChartPlan]:
    """Return a chart for each metric, and one chart for both ends of a range."""
    plans: list[ChartPlan] = []
    for name in names:
        stem, _, end = name.rpartition("_")
        ends = (f"{stem}_min", f"{stem}_max")
        if end in ("min", "max") and set(ends) <= set(names):
            if name == next(one for one in names if one in ends):
                plans.append(
                    ChartPlan(term_of(stem + "_max").removesuffix("_max"), (("min", ends[0]), ("max", ends[1])))
                )
        else:
            plans.append(titled_plan(term_of(name), name))
    return plans


def _title_of_success(name: str) -> str:
    """Return `success, stairs`, `score, survival`, or `error, yaw (rad/s)`."""
    _, kind, *rest = name.split("/")
    part = "forward" if rest == ["linear"] else "/".join(rest)
    if kind in ("error", "instant_error"):
        return f"{kind.replace('_', ' ')}, {part} ({'rad/s' if part == 'yaw' else 'm/s'})"
    return ", ".join(filter(None, ("score" if kind == "score" else "success", part)))
