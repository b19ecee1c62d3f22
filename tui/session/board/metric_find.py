"""Find a metric among all published ones by letters of its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.library_units import base_name, chosen_unit
from tui.session.board.plans import ChartPlan
from tui.session.fuzzy import best_first


@dataclass(frozen=True)
class FoundMetric:
    """A metric with its newest value, of the first run that has one, and where it is shown already."""

    name: str
    value: float | None
    where: str


def find_metrics(
    pattern: str,
    names: Iterable[str],
    sources: Sequence[ChartSource],
    *,
    layout: BoardLayout,
    chosen: ChartPlan | None = None,
) -> list[FoundMetric]:
    """Return the metrics whose names match, best match first; all in the order of `names` for an empty pattern."""
    matching = best_first(pattern, names) if pattern.strip() else list(names)
    return [FoundMetric(name, _newest(name, sources), _where(name, layout, chosen)) for name in matching]


def _newest(name: str, sources: Iterable[ChartSource]) -> float | None:
    logged, unit = base_name(name), chosen_unit(name)
    having = (one for one in sources if logged in one.history.series and unit in ("", one.unit(name)))
    values = (source.history.series[logged].last for source in having)
    return next((value for value in values if value is not None), None)


def _where(name: str, layout: BoardLayout, chosen: ChartPlan | None) -> str:
    if (name,) in layout.pins:
        return "pinned"
    if any(name in pin for pin in layout.pins):
        return "pinned with others"
    return "on the chosen chart" if chosen is not None and name in chosen.metrics else ""
