"""Marks of changes on charts: one sign for each kind, so that colour is not needed to tell them apart.

Themes with colours also give each author a colour, which tells whose ramp it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, cast

from curricula.curriculum_knobs import level_knob
from curricula.recording import RecordingCurriculum
from trainer_proc.contract.messages import SET_AT_LAUNCH, InterventionApplied, InterventionQueued
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.products import PolicyReloaded
from tui.session.interventions.change_text import by_other, whole_text
from tui.session.state import RunState

Author = Literal["user", "agent", "curriculum", "schedule", "recording", "guard", "launch"]
"""Who made a change; `recording` is a replayed session, `launch` the values of a launch or a checkpoint."""
MarkKind = Author | Literal["ramp"]

AUTHORS: tuple[Author, ...] = ("user", "agent", "curriculum", "schedule", "recording", "guard", "launch")
MARK_SIGNS: dict[MarkKind, str] = {
    "guard": "╳",
    "user": "▼",
    "agent": "▽",
    "ramp": "◢",
    "curriculum": "◆",
    "schedule": "◇",
    "recording": "▷",
    "launch": "○",
}
"""One cell each, the most important first: where several meet, the first is shown."""

_MOST_CHANGES = 3
"""Changes that a mark's text names; the rest are counted."""


@dataclass(frozen=True)
class Mark:
    """A change at an iteration; `text` is one line with its origin."""

    iteration: int
    label: str
    kind: MarkKind = "user"
    text: str = ""
    ramped_by: Author = "user"
    """The author of a ramp; the kind of other marks tells theirs."""

    @property
    def author(self) -> Author:
        """Who made the change."""
        return self.ramped_by if self.kind == "ramp" else self.kind


def most_important(marks: Collection[Mark]) -> Mark:
    """Return the mark whose sign and colour are shown where several meet; there must be one."""
    return min(marks, key=lambda mark: list(MARK_SIGNS).index(mark.kind))


def author_of(body: InterventionQueued | InterventionApplied, recordings: Collection[str] = ()) -> Author:
    """Return who made a change; `recordings` are the run's curricula that replay a session."""
    match body.origin:
        case "person":
            return "agent" if body.agent else "user"
        case "launch" | "checkpoint":
            return "launch"
        case "schedule" if any(change.knob in map(level_knob, recordings) for change in body.changes):
            return "recording"
        case _:
            return cast(Author, body.origin)


def recordings_of(state: RunState) -> list[str]:
    """Return the names of the run's curricula that replay a recorded session."""
    tables = {} if state.started is None else state.started.curricula
    return [name for name, table in tables.items() if table.get("kind") == RecordingCurriculum.kind]


def mark_kind(body: InterventionQueued | InterventionApplied, recordings: Collection[str] = ()) -> MarkKind:
    """Return the kind of a mark: a guard's, else a ramp's if it has one, else by author."""
    author = author_of(body, recordings)
    return "ramp" if body.ramp is not None and author != "guard" else author


def mark_of(body: InterventionApplied | GuardFired | PolicyReloaded, recordings: Collection[str] = ()) -> Mark | None:
    """Return the mark on charts; None for a guard that only warned or whose undo is marked as a change itself."""
    if isinstance(body, InterventionApplied):
        kind, author = mark_kind(body, recordings), author_of(body, recordings)
        return Mark(body.iteration, f"#{body.number}", kind, _text(body), author if kind == "ramp" else "user")
    if isinstance(body, PolicyReloaded):
        return Mark(body.iteration, body.path, "user", f"{body.path} loaded into the policy")
    return Mark(body.iteration, body.guard, "guard", body.message) if body.action == "paused" else None


class MarkLog:
    """Marks of a run as its state grows: changes and guards in order of appearance."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._interventions: set[int] = set()
        self._guards = self._reloads = 0

    def take(self, state: RunState) -> None:
        """Add the marks since the last call; `state` must be of the same run each time."""
        new = [body for number, body in state.interventions.items() if number not in self._interventions]
        happened: list[InterventionApplied | GuardFired | PolicyReloaded] = [
            *new,
            *state.guards_fired[self._guards :],
            *state.reloads[self._reloads :],
        ]
        self._interventions.update(body.number for body in new)
        self._guards, self._reloads = len(state.guards_fired), len(state.reloads)
        recordings = recordings_of(state)
        self.marks += [mark for body in happened if (mark := mark_of(body, recordings)) is not None]


def marks_of(state: RunState) -> list[Mark]:
    """Return all marks of a run."""
    log = MarkLog()
    log.take(state)
    return log.marks


def _text(body: InterventionApplied) -> str:
    if body.origin == "launch" and body.note not in ("", SET_AT_LAUNCH):
        return body.note
    return f"{whole_text(body, _MOST_CHANGES)}{by_other(body)}"
