"""Metrics by the names that a screen shows: titles of charts, terms, and the last parts of metrics' names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from curricula.errors import UsageError, suggestion
from tui.session.board.layout import BoardLayout
from tui.session.board.pages import BoardContent, pages_of
from tui.session.board.plans import role_called
from tui.session.fuzzy import best_first
from tui.session.metrics.names import ROLE_TITLES, metric_of, term_of


def metrics_called(text: str, names: Collection[str], curricula: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the metrics that `text` names among those of a run.

    It is a metric, a role or its title (`kl`, `KL`), the title of a chart (`levels`), a term or another last part of a
    name; upper and lower case don't matter. Raises `UsageError` if there is none, or if several fit.
    """
    if text in names:
        return (text,)
    role = role_called(text)
    if role is not None and (metric := metric_of(role, names)) is not None:
        return (metric,)
    wanted = text.casefold()
    pages = pages_of(BoardContent(tuple(names), tuple(curricula)), BoardLayout())
    titled = [plan.metrics for page in pages for plan in page.plans if plan.title.casefold() == wanted]
    ways: tuple[Iterable[tuple[str, ...]], ...] = (
        ((name,) for name in names if name.casefold() == wanted),
        (tuple(metric for metric in metrics if metric in names) for metrics in titled),
        ((name,) for name in names if wanted in _last_parts(name)),
    )
    for way in ways:
        found = list(dict.fromkeys(metrics for metrics in way if metrics))
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{len(found)} metrics are called {text}: {', '.join(one for of in found for one in of)}")
    raise UsageError(f"no such metric: {text}{_nearest(text, names)}")


def _last_parts(name: str) -> set[str]:
    return {term_of(name).casefold(), name.rpartition("/")[2].strip().casefold()}


def _nearest(text: str, names: Collection[str]) -> str:
    """Return the nearest names, of metrics and of titles that the run has."""
    titles = [title for role, title in ROLE_TITLES.items() if metric_of(role, names) is not None]
    near = suggestion(text, [*names, *titles], cutoff=0.6)
    return near or suggestion(text, best_first(text, names)[:3], cutoff=0.0)
