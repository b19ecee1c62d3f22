"""Content of the help: keys by part of the screen, signs, and search in both."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from tui.session.evaluations.table import GONE_SIGN, REFERENCE_SIGN
from tui.session.interventions.marks import MARK_SIGNS, MarkKind
from tui.session.runs.run_columns import ARCHIVED_SIGN, CHOSEN_SIGN, STAR_SIGN
from tui.session.status_text import STATUS_SIGNS

_PARTS = {
    "launch": "start a training",
    "runs": "runs",
    "watch-runs": "watched runs",
    "compare": "compare runs",
    "evaluations": "evaluations",
    "evaluate": "evaluate a policy",
    "dashboard": "training",
    "watch": "watched run",
    "robot": "robot",
    "rollouts": "rollouts",
    "charts": "charts",
    "knobs": "knobs",
    "knob-line": "edit a knob in its row",
    "knob-edit": "edit a knob",
    "range": "a range",
    "metrics": "metrics",
    "filter": "filter",
    "find": "find a metric",
    "curricula": "curricula",
    "history": "history",
    "impact": "impact of a change",
    "console": "trainer log",
    "write": "export view",
    "robot-choice": "watch environment",
    "choice": "choices",
    "label": "label a run",
    "delete": "delete a run",
    "question": "confirmations",
    "agent": "requests of agents",
    "help": "help",
    "app": "everywhere",
}
"""Titles of parts, in display order; other parts come before `app`, under their own names."""

_KEYS_WIDTH, _GAP = 11, 2
_NARROWEST_TEXT, _WIDEST_TEXT = 20, 72

_MARK_TEXTS: dict[MarkKind, str] = {
    "user": "change by the user",
    "agent": "change by an agent",
    "curriculum": "change by a curriculum",
    "schedule": "change by a schedule",
    "recording": "change replayed from a recording",
    "ramp": "start of a ramp",
    "guard": "guard fired",
    "launch": "value from launch or checkpoint",
}


@dataclass(frozen=True)
class HelpRow:
    """A key or sign with its meaning, and the action's id in a key map; signs have none."""

    keys: str
    text: str
    id: str = ""


@dataclass(frozen=True)
class HelpSection:
    """A title with its rows."""

    title: str
    rows: tuple[HelpRow, ...]


MOVING = HelpSection(
    "navigation",
    (
        HelpRow("tab, shift+tab", "next or previous part of the screen"),
        HelpRow("↑ ↓ pgup pgdn", "move in a list; keys act on the row under the cursor"),
        HelpRow("enter", "open, edit or select the row under the cursor"),
        HelpRow("esc", "close a dialog or filter"),
    ),
)


def sections(rows: Iterable[tuple[str, HelpRow]]) -> list[HelpSection]:
    """Group rows, each given with its part, into titled sections in display order."""
    by_part: dict[str, list[HelpRow]] = {}
    for part, row in rows:
        by_part.setdefault(part, []).append(row)
    order = list(_PARTS)
    everywhere = order.index("app")
    parts = sorted(by_part, key=lambda part: order.index(part) if part in order else everywhere - 0.5)
    return [HelpSection(_PARTS.get(part, part.replace("-", " ")), tuple(by_part[part])) for part in parts]


def signs() -> list[HelpSection]:
    """Return the meanings of the signs of charts, knobs, evaluations and runs."""
    statuses: dict[str, list[str]] = {}
    for status, sign in STATUS_SIGNS.items():
        statuses.setdefault(sign, []).append(status)
    return [
        HelpSection("chart symbols", tuple(HelpRow(MARK_SIGNS[kind], text) for kind, text in _MARK_TEXTS.items())),
        HelpSection(
            "knob symbols",
            (
                HelpRow("*", "differs from its default"),
                HelpRow("✓", "selected for changes of several knobs"),
                HelpRow("queued", "requested; applied at the next iteration"),
                HelpRow("applied @N", "applied at iteration N"),
                HelpRow("pinned", "your value overrides a curriculum or schedule"),
                HelpRow("ramping", "moves to its target, one step per iteration"),
            ),
        ),
        HelpSection(
            "evaluation symbols",
            (
                HelpRow(REFERENCE_SIGN, "policy that the others are compared with, and its values in figures"),
                HelpRow(GONE_SIGN, "its checkpoint was deleted; its results are kept"),
            ),
        ),
        HelpSection(
            "runs",
            (
                *(HelpRow(sign, ", ".join(names)) for sign, names in statuses.items()),
                HelpRow(CHOSEN_SIGN, "chosen for a comparison"),
                HelpRow(STAR_SIGN, "starred"),
                HelpRow(ARCHIVED_SIGN, "archived"),
                HelpRow("#tag", "tag of a run"),
            ),
        ),
    ]


def matching(all_sections: Iterable[HelpSection], query: str) -> list[HelpSection]:
    """Return the sections with the rows that contain every word of `query` in key, text, id or title."""
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
    """A line of the help: a title, or three columns; `keys` and `text` are padded."""

    title: str = ""
    keys: str = ""
    text: str = ""
    id: str = ""


def laid_out(found: Iterable[HelpSection], width: int) -> Iterator[HelpLine]:
    """Return the lines of the help in `width` cells (at least 40); long texts wrap in their column."""
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
