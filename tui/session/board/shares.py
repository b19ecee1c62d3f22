"""Plans of the page of reward shares."""

from __future__ import annotations

from collections.abc import Sequence

from tui.session.board.chart_source import ChartSource
from tui.session.board.plans import STACK_KEY, ChartPlan, titled_plan
from tui.session.metrics.names import family_of, term_of
from tui.session.metrics.shares import SHARE

MOST_BANDS = 8
"""Colours and signs that a chart can tell apart."""
_TITLE = "share of the reward, %"


def share_plans(sources: Sequence[ChartSource], is_shown: bool) -> tuple[ChartPlan, ...]:
    """Return one stacked chart of a run's reward terms, or for several runs a chart of each term's share.

    Shares are computed only while the page `is_shown`; before, the terms stand for them.
    """
    if is_shown:
        for source in sources:
            source.history.shares.update()
    if len(sources) == 1:
        bands = sources[0].history.shares.bands(MOST_BANDS) or _published(sources)[:MOST_BANDS]
        return (ChartPlan(_TITLE, tuple(bands), stack=STACK_KEY),) if bands else ()
    return tuple(titled_plan(f"{term}, %", name) for term, name in _by_contribution(sources))


def _published(sources: Sequence[ChartSource]) -> list[tuple[str, str]]:
    names = [
        name
        for source in sources
        for name, points in source.history.series.items()
        if points.count and family_of(name) == "reward term"
    ]
    return [(term_of(name), SHARE + name) for name in dict.fromkeys(names)]


def _by_contribution(sources: Sequence[ChartSource]) -> list[tuple[str, str]]:
    """Return the terms of all runs in the order of the first run that has them."""
    ordered = [metric for source in sources for metric in source.history.shares.order]
    found = [(term_of(metric), SHARE + metric) for metric in dict.fromkeys(ordered)]
    return found or _published(sources)
