"""What tells the interventions of a person, a curriculum, a ramp and a guard apart: a sign, and not only a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_proc.wire.messages import GuardFired, InterventionApplied, InterventionQueued

MarkKind = Literal["guard", "person", "ramp", "curriculum", "launch"]

MARK_SIGNS: dict[MarkKind, str] = {"guard": "╳", "person": "▼", "ramp": "◢", "curriculum": "◆", "launch": "○"}
"""One cell each, the most important first: where several meet, the first is shown."""

_LEGEND_ORDER: tuple[MarkKind, ...] = ("person", "curriculum", "ramp", "guard", "launch")
MARK_LEGEND = "  ".join(f"{MARK_SIGNS[kind]} {kind}" for kind in _LEGEND_ORDER)


@dataclass(frozen=True)
class Mark:
    """Something that was changed at an iteration."""

    iteration: int
    label: str
    kind: MarkKind = "person"


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
        return Mark(body.iteration, f"#{body.number}", mark_kind(body))
    return Mark(body.iteration, body.guard, "guard") if body.action == "paused" else None
