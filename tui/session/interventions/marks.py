"""Marks of changes on charts: one sign for each kind, so that colour is not needed to tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_proc.contract.messages import GuardFired, InterventionApplied, InterventionQueued
from tui.session.interventions.change_text import origin_text, whole_text
from tui.session.state import RunState

MarkKind = Literal["guard", "user", "ramp", "curriculum", "launch"]

MARK_SIGNS: dict[MarkKind, str] = {"guard": "╳", "user": "▼", "ramp": "◢", "curriculum": "◆", "launch": "○"}
"""One cell each, the most important first: where several meet, the first is shown."""

_LEGEND_ORDER: tuple[MarkKind, ...] = ("user", "curriculum", "ramp", "guard", "launch")
MARK_LEGEND = "  ".join(f"{MARK_SIGNS[kind]} {kind}" for kind in _LEGEND_ORDER)

_MOST_CHANGES = 3
"""Changes that a mark's text names; the rest are counted."""


@dataclass(frozen=True)
class Mark:
    """A change at an iteration; `text` is one line with its origin."""

    iteration: int
    label: str
    kind: MarkKind = "user"
    text: str = ""


def mark_kind(body: InterventionQueued | InterventionApplied) -> MarkKind:
    """Return the kind of a mark: a guard's, else a ramp's if it has one, else by origin."""
    if body.origin == "guard":
        return "guard"
    if body.ramp is not None:
        return "ramp"
    match body.origin:
        case "person":
            return "user"
        case "launch" | "checkpoint":
            return "launch"
        case _:
            return "curriculum"


def mark_of(body: InterventionApplied | GuardFired) -> Mark | None:
    """Return the mark on charts; None for a guard that only warned or whose undo is marked as a change itself."""
    if isinstance(body, InterventionApplied):
        return Mark(body.iteration, f"#{body.number}", mark_kind(body), _text(body))
    return Mark(body.iteration, body.guard, "guard", body.message) if body.action == "paused" else None


class MarkLog:
    """Marks of a run as its state grows: changes and guards in order of appearance."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._interventions: set[int] = set()
        self._guards = 0

    def take(self, state: RunState) -> None:
        """Add the marks since the last call; `state` must be of the same run each time."""
        new = [body for number, body in state.interventions.items() if number not in self._interventions]
        happened: list[InterventionApplied | GuardFired] = [*new, *state.guards_fired[self._guards :]]
        self._interventions.update(body.number for body in new)
        self._guards = len(state.guards_fired)
        self.marks += [mark for body in happened if (mark := mark_of(body)) is not None]


def marks_of(state: RunState) -> list[Mark]:
    """Return all marks of a run."""
    log = MarkLog()
    log.take(state)
    return log.marks


def _text(body: InterventionApplied) -> str:
    what = whole_text(body, _MOST_CHANGES)
    return what if body.origin == "person" else f"{what} ({origin_text(body.origin)})"
