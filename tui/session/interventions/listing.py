"""History of a run's changes, newest first, and the request that reverts each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Origin
from trainer_proc.contract.requests import Redo, Undo
from tui.session.interventions.change_text import whole_text
from tui.session.interventions.marks import MarkKind, mark_kind, recordings_of
from tui.session.state import RunState

InterventionState = Literal["queued", "applied", "undone", "failed"]


@dataclass(frozen=True)
class ListedIntervention:
    """One change in the history; `what` is its one-line text.

    `iteration` is None while it is queued. `problem` is the reason of a failure. `mark` is its kind on charts.
    """

    number: int
    iteration: int | None
    origin: Origin
    changes: tuple[Change, ...]
    what: str
    note: str
    state: InterventionState
    mark: MarkKind
    problem: str = ""
    undoes: int | None = None
    redoes: int | None = None


def list_interventions(state: RunState) -> list[ListedIntervention]:
    """Return the run's changes, applied or not, newest first."""
    numbers = sorted(state.queued.keys() | state.interventions.keys(), reverse=True)
    return [_listed(number, state) for number in numbers]


def undo_or_redo(listed: ListedIntervention, state: RunState) -> Undo | Redo | None:
    """Return the request that reverts a change; None if it was never applied.

    Reverting an undo is a redo of the undone change, and the reverse.
    """
    if listed.state in ("queued", "failed"):
        return None
    number = listed.undoes or listed.redoes or listed.number
    return Redo(number) if number in state.past.undone else Undo(number)


def _listed(number: int, state: RunState) -> ListedIntervention:
    body: InterventionQueued | InterventionApplied | None = state.interventions.get(number)
    iteration, problem = None, ""
    status: InterventionState = "queued"
    if isinstance(body, InterventionApplied):
        iteration, status = body.iteration, "undone" if number in state.past.undone else "applied"
    else:
        body = state.queued[number]
        if failure := state.failed.get(number):
            iteration, status, problem = failure.iteration, "failed", failure.reason
    return ListedIntervention(
        number=number,
        iteration=iteration,
        origin=body.origin,
        changes=body.changes,
        what=whole_text(body),
        note=body.note,
        state=status,
        mark=mark_kind(body, recordings_of(state)),
        problem=problem,
        undoes=body.undoes,
        redoes=body.redoes,
    )
