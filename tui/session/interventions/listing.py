"""History of a run: its changes, newest first, with the request that reverts each, and what guards have reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from msgspec.structs import replace

from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Origin, Ramp
from trainer_proc.contract.monitoring import GuardAction
from trainer_proc.contract.requests import Redo, Undo
from tui.session.interventions.change_text import author_text, whole_text
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
    ramp: Ramp | None = None
    """The ramp with its length, shape and targets; None for a change at once."""
    agent: str = ""
    """Name of the agent that requested it; empty for none."""
    author: str = ""
    """Who made it, in words."""


@dataclass(frozen=True)
class ListedTrouble:
    """An episode in which a guard had something to report; `ended` is None while it lasts.

    `action` is the strongest action of the guard in the episode, `message` its newest report.
    """

    mark: ClassVar[MarkKind] = "guard"
    guard: str
    iteration: int
    ended: int | None
    reports: int
    action: GuardAction
    message: str


@dataclass(frozen=True)
class ListedReload:
    """A checkpoint that was loaded into the live policy; `iteration` is the first one collected with it."""

    mark: ClassVar[MarkKind] = "user"
    iteration: int
    path: str


@dataclass(frozen=True)
class ListedMissing:
    """Something of the training that its trainer could not observe; it has no mark."""

    mark: ClassVar[None] = None
    what: str
    reason: str


Listed = ListedIntervention | ListedTrouble | ListedReload | ListedMissing


def list_troubles(state: RunState) -> list[ListedTrouble]:
    """Return what guards have reported, newest first; an episode is one entry."""
    return [
        ListedTrouble(
            guard=trouble.guard,
            iteration=trouble.first.iteration,
            ended=trouble.ended,
            reports=trouble.reports,
            action=trouble.action,
            message=trouble.last.message,
        )
        for trouble in reversed(state.troubles.all)
    ]


def list_reloads(state: RunState) -> list[ListedReload]:
    """Return the reloads, newest first."""
    return [ListedReload(body.iteration, body.path) for body in reversed(state.reloads)]


def list_history(state: RunState) -> list[Listed]:
    """Return changes, reports of guards and reloads, newest first, then what could not be observed.

    Changes that wait or failed stay where they are.
    """
    listed: list[Listed] = []
    others: list[ListedTrouble | ListedReload] = [*list_troubles(state), *list_reloads(state)]
    others.sort(key=lambda one: one.iteration)
    for change in list_interventions(state):
        while others and change.iteration is not None and others[-1].iteration >= change.iteration:
            listed.append(others.pop())
        listed.append(change)
    missing = [ListedMissing(what, reason) for what, reason in state.missing.items()]
    return [*listed, *reversed(others), *missing]


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
        ramp=_whole_ramp(body),
        agent=body.agent,
        author=author_text(body),
    )


def _whole_ramp(body: InterventionQueued | InterventionApplied) -> Ramp | None:
    """Return the ramp with its targets, which a queued one has in its changes."""
    if body.ramp is None or body.ramp.targets:
        return body.ramp
    return replace(body.ramp, targets={change.knob: change.new for change in body.changes})
