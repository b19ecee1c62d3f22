"""What the help says: the keys of a screen part by part, the signs that it uses, and how to find in both."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from tui.session.interventions.marks import MARK_SIGNS, MarkKind
from tui.session.status_text import STATUS_SIGNS

_PARTS = {
    "launch": "start a training",
    "runs": "runs",
    "watch-runs": "watched runs",
    "compare": "compare runs",
    "dashboard": "training",
    "watch": "watched run",
    "charts": "charts",
    "knobs": "knobs",
    "knob-line": "a knob's value, in its row",
    "knob-edit": "a knob's value",
    "range": "a range",
    "metrics": "metrics",
    "filter": "filter",
    "find": "find a metric",
    "curricula": "curricula",
    "history": "history",
    "impact": "before and after",
    "console": "the trainer's log",
    "write": "write what is seen",
    "choice": "choices",
    "delete": "delete a run",
    "question": "questions",
    "help": "help",
    "app": "everywhere",
}
"""Titles of parts in the order in which they are shown; others come before those of everywhere, by their own names."""

_KEYS_WIDTH, _GAP = 11, 2
_NARROWEST_TEXT, _WIDEST_TEXT = 20, 72

_MARK_TEXTS: dict[MarkKind, str] = {
    "person": "a person changed something",
    "curriculum": "a curriculum did",
    "ramp": "a ramp began",
    "guard": "a guard fired",
    "launch": "set at the launch or by a checkpoint",
}


@dataclass(frozen=True)
class HelpRow:
    """A key or sign, what it does or means, and the id by which a key map calls it; signs have none."""

    keys: str
    text: str
    id: str = ""


@dataclass(frozen=True)
class HelpSection:
    """The rows under a title."""

    title: str
    rows: tuple[HelpRow, ...]


MOVING = HelpSection(
    "moving about",
    (
        HelpRow("tab, shift+tab", "the next part of the screen, the one before"),
        HelpRow("↑ ↓ pgup pgdn", "along a list; what is under the cursor is what keys are about"),
        HelpRow("enter", "open, edit or choose what is under the cursor"),
        HelpRow("esc", "leave a dialog or a filter"),
    ),
)


def sections(rows: Iterable[tuple[str, HelpRow]]) -> list[HelpSection]:
    """Return keys, each with its part, under the titles of their parts, in the order of the parts."""
    by_part: dict[str, list[HelpRow]] = {}
    for part, row in rows:
        by_part.setdefault(part, []).append(row)
    order = list(_PARTS)
    everywhere = order.index("app")
    parts = sorted(by_part, key=lambda part: order.index(part) if part in order else everywhere - 0.5)
    return [HelpSection(_PARTS.get(part, part.replace("-", " ")), tuple(by_part[part])) for part in parts]


def signs() -> list[HelpSection]:
    """Return what the signs of charts, knobs and runs mean."""
    statuses: dict[str, list[str]] = {}
    for status, sign in STATUS_SIGNS.items():
        statuses.setdefault(sign, []).append(status)
    return [
        HelpSection("signs on charts", tuple(HelpRow(MARK_SIGNS[kind], text) for kind, text in _MARK_TEXTS.items())),
        HelpSection(
            "signs beside knobs",
            (
                HelpRow("*", "differs from its default"),
                HelpRow("pending", "asked for; it counts from the next iteration on"),
                HelpRow("applied", "the trainer has it since that iteration"),
                HelpRow("pinned", "set by you over a curriculum or schedule that writes it too"),
                HelpRow("ramp", "on its way to a value, a step each iteration"),
            ),
        ),
        HelpSection("runs", tuple(HelpRow(sign, ", ".join(names)) for sign, names in statuses.items())),
    ]


def matching(all_sections: Iterable[HelpSection], query: str) -> list[HelpSection]:
    """Return the sections with the rows that have every word of `query` in key, text, id or title."""
    words = query.lower().split()
    found = []
    for section in all_sections:
        rows = tuple(
            row
            for row in section.rows
            if all(word in f"{row.keys} {row.text} {row.id} {section.title}".lower() for word in words)
        )
        if rows:
            found.append(HelpSection(section.title, rows))
    return found


@dataclass(frozen=True)
class HelpLine:
    """A line of the help: a title alone, or three columns; `keys` and `text` are filled up with blanks."""

    title: str = ""
    keys: str = ""
    text: str = ""
    id: str = ""


def laid_out(found: Iterable[HelpSection], width: int) -> Iterator[HelpLine]:
    """Return the lines of the help in `width` cells, at least 40; what is too long goes on below itself."""
    shown = list(found)
    ids = max((len(row.id) for section in shown for row in section.rows), default=0)
    for number, section in enumerate(shown):
        if number:
            yield HelpLine()
        yield HelpLine(title=section.title)
        for row in section.rows:
            room = width - _KEYS_WIDTH - _GAP
            if row.id:
                room = min(max(_NARROWEST_TEXT, room - ids - _GAP), _WIDEST_TEXT)
            keys = textwrap.wrap(row.keys, _KEYS_WIDTH)
            texts = textwrap.wrap(row.text, room)
            for left, middle, right in zip_longest(keys, texts, [row.id], fillvalue=""):
                yield HelpLine(
                    "", left.ljust(_KEYS_WIDTH + _GAP), middle.ljust(room + _GAP) if right else middle, right
                )
