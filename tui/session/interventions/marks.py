"""What tells the interventions of a person, a curriculum, a ramp and a guard apart: a sign, and not only a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_proc.contract.messages import GuardFired, InterventionApplied, InterventionQueued
from tui.session.interventions.change_text import whole_text
from tui.session.state import RunState

MarkKind = Literal["guard", "person", "ramp", "curriculum", "launch"]

MARK_SIGNS: dict[MarkKind, str] = {"guard": "╳", "person": "▼", "ramp": "◢", "curriculum": "◆", "launch": "○"}
"""One cell each, the most important first: where several meet, the first is shown."""

_LEGEND_ORDER: tuple[MarkKind, ...] = ("person", "curriculum", "ramp", "guard", "launch")
MARK_LEGEND = "  ".join(f"{MARK_SIGNS[kind]} {kind}" for kind in _LEGEND_ORDER)

_CHANGES_TOLD = 3
"""An intervention of more changes has the rest of them counted."""


@dataclass(frozen=True)
class Mark:
    """Something that was changed at an iteration; `text` is what and by whom, in one line."""

    iteration: int
    label: str
    kind: MarkKind = "person"
    text: str = ""


def mark_kind(body: InterventionQueued | InterventionApplied) -> MarkKind:
    """Return how an intervention is marked: what a guard does as a guard's, all else that takes its time as a ramp."""
    if body.origin == "guard":
        return "guard"
    if body.ramp is not None:
        return "ramp"
    match body.origin:
        case "person":
            return "person"
        case "launch" | "checkpoint":
            return "launch"
        case _:
            return "curriculum"


def mark_of(body: InterventionApplied | GuardFired) -> Mark | None:
    """Return the mark on the charts; None for a guard that only warned, or whose undo is an intervention itself."""
    if isinstance(body, InterventionApplied):
        return Mark(body.iteration, f"#{body.number}", mark_kind(body), _text(body))
    return Mark(body.iteration, body.guard, "guard", body.message) if body.action == "paused" else None


class MarkLog:
    """The marks of a run as its state grows: its interventions and guards in the order in which they were seen."""

    def __init__(self) -> None:
        """Have no marks yet."""
        self.marks: list[Mark] = []
        self._interventions: set[int] = set()
        self._guards = 0

    def take(self, state: RunState) -> None:
        """Mark what has happened since the last call; `state` is of the same run each time."""
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
    what = whole_text(body, _CHANGES_TOLD)
    return what if body.origin == "person" else f"{what} (by {body.origin})"
