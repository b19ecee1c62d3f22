"""Entries of a run's history as text: cells of a table, details, and a row of the command line."""

from __future__ import annotations

from typing import NamedTuple

from tui.session.interventions.listing import Listed, ListedIntervention, ListedMissing, ListedReload, ListedTrouble
from tui.session.interventions.marks import MARK_SIGNS
from tui.session.text import plain, shortened

_SHORTEST_NAME = 6
"""Cells down to which names of knobs are cut so that the values after them fit."""


class HistoryCells(NamedTuple):
    """An entry in columns; `number` and `iteration` may be empty."""

    number: str
    iteration: str
    sign: str
    author: str
    state: str
    what: str
    note: str = ""


def history_cells(listed: Listed) -> HistoryCells:
    """Return the cells of an entry."""
    if isinstance(listed, ListedMissing):
        return HistoryCells("", "", "", "trainer", "missing", f"no {listed.what}: {listed.reason}")
    sign = MARK_SIGNS[listed.mark]
    if isinstance(listed, ListedTrouble):
        return HistoryCells("", str(listed.iteration), sign, "guard", listed.action, _trouble_text(listed))
    if isinstance(listed, ListedReload):
        what = f"{listed.path} loaded into the policy"
        return HistoryCells("", str(listed.iteration), sign, "user", "applied", what)
    iteration = "" if listed.iteration is None else str(listed.iteration)
    author = "agent" if listed.agent else listed.author
    return HistoryCells(str(listed.number), iteration, sign, author, listed.state, listed.what, listed.note)


def fitted_change(listed: Listed, width: int) -> str:
    """Return what an entry changed in at most `width` cells.

    Knobs lose the beginnings of their names, so that the values fit; of several changes, those of the first.
    """
    text = plain(history_cells(listed).what)
    if isinstance(listed, ListedIntervention):
        names = sorted({plain(change.knob) for change in listed.changes}, key=len, reverse=True)
        whole = text
        for length in range(max(map(len, names), default=0) - 1, _SHORTEST_NAME - 1, -1):
            first, *others = text.split(", ")
            if len(first) <= width - len(", …") * bool(others):
                break
            text = whole
            for name in names:
                text = text.replace(name, name if len(name) <= length else "…" + name[1 - length :])
    return shortened(text, width)


def short_note(listed: Listed) -> str:
    """Return an entry's note without what its other cells show: the curriculum's name and the path of a metric."""
    note = plain(history_cells(listed).note)
    if isinstance(listed, ListedIntervention) and listed.origin == "curriculum":
        note = note.partition(": ")[2] or note
        metric, *rest = note.split(" ")
        note = " ".join([metric.rpartition("/")[2], *rest]).replace(" is above ", " > ").replace(" is below ", " < ")
    return note


def history_details(listed: Listed) -> str:
    """Return an entry in up to three lines."""
    if not isinstance(listed, ListedIntervention):
        return history_cells(listed).what
    by = f" ({listed.author})" if listed.agent else ""
    lines = [f"#{listed.number} {listed.what}{by}", listed.problem, f"note: {listed.note}" if listed.note else ""]
    return "\n".join(line for line in lines if line)


def history_row(listed: Listed) -> str:
    """Return an entry in one line."""
    cells = history_cells(listed)
    number = f"#{cells.number}" if cells.number else ""
    where = f"iteration {cells.iteration}" if cells.iteration else ""
    problem = listed.problem if isinstance(listed, ListedIntervention) else ""
    text = "; ".join([cells.what, *filter(None, (problem, cells.note and f"note: {cells.note}"))])
    return f"{number:<5} {where:<16} {cells.author:<11} {cells.state:<8} {text}"


def _trouble_text(trouble: ListedTrouble) -> str:
    """Return the newest report of an episode, how often there was one, and how long it lasted."""
    times = f", {trouble.reports} reports" if trouble.reports > 1 else ""
    end = "lasts" if trouble.ended is None else f"until {trouble.ended}"
    return f"guard {trouble.guard}: {trouble.message} ({end}{times})"
