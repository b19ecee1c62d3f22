"""Search in the list of runs: words, tags, stars, and whether archived runs are listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.session.fuzzy import best_first
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import is_live

STARRED, ARCHIVED = "is:starred", "is:archived"
_STAR = "*"


def matching(summaries: Iterable[RunSummary], pattern: str) -> list[RunSummary]:
    """Return the rows that match each word of `pattern`.

    `#tag` matches tags that begin so, `is:starred` or `*` starred runs, `is:archived` archived ones. Other words match
    name, host, title, preset, task and status by their letters in order, and a note that contains the word.
    """
    words = pattern.lower().split()
    return [row for row in summaries if all(_matches(row, word) for word in words)]


def listed(summaries: Iterable[RunSummary], pattern: str, *, with_archived: bool) -> list[RunSummary]:
    """Return the rows without archived runs, unless they are live or `pattern` asks for them."""
    asked = with_archived or ARCHIVED in pattern.lower().split()
    return [row for row in summaries if asked or not row.labels.archived or is_live(row)]


def with_status(summaries: Iterable[RunSummary], statuses: Sequence[str]) -> list[RunSummary]:
    """Return the rows with one of these statuses; `live` and `ended` are groups. Empty: all rows."""
    return [
        summary
        for summary in summaries
        if not statuses or summary.status in statuses or ("live" if is_live(summary) else "ended") in statuses
    ]


def _matches(row: RunSummary, word: str) -> bool:
    labels = row.labels
    if word in (_STAR, STARRED):
        return labels.starred
    if word == ARCHIVED:
        return labels.archived
    if word.startswith("#"):
        return any(tag.lower().startswith(word[1:]) for tag in labels.tags)
    return bool(best_first(word, _texts(row))) or word in labels.note.lower()


def _texts(row: RunSummary) -> list[str]:
    host = "" if row.origin is None else row.origin.host
    if row.spec is None:
        return [row.folder.name, host, row.labels.title, "unreadable"]
    spec = row.spec
    return [row.folder.name, host, row.labels.title, spec.preset, spec.task, spec.experiment, row.status]
