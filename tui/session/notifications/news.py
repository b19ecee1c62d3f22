"""What a person is told in passing when something happens in a run."""

from __future__ import annotations

from typing import Literal, NamedTuple

from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import (
    Body,
    CheckpointFailed,
    CheckpointLoaded,
    CheckpointSaved,
    CompetingWriterFound,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    GuardFired,
    InterventionApplied,
    InterventionFailed,
    PhaseChanged,
    RampAdvanced,
)
from tui.session.interventions.change_text import applied_text
from tui.session.status_text import export_result


class News(NamedTuple):
    """One line, and how much it matters; `needs_person` if somebody who isn't there should come and look."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"
    needs_person: bool = False


def news_of(body: Body) -> News | None:
    """Return what a frame is worth telling; None for most."""
    match body:
        case InterventionApplied():
            return News(applied_text(body))
        case InterventionFailed(number=number, reason=reason):
            return News(f"#{number} was not applied: {reason}" if number else reason, "error")
        case RampAdvanced():
            return _ramp_news(body)
        case CompetingWriterFound(knob=knob, competing_writer=competing_writer, pinned=True):
            return News(f"{competing_writer} writes {knob} too: it is pinned now", "warning")
        case GuardFired(guard=guard, message=message, action=action):
            done = "" if action == "warned" else f" ({action})"
            return News(f"guard {guard}{done}: {message}", "warning" if action == "warned" else "error", True)
        case PhaseChanged(phase="failed", detail=detail):
            return News(f"the training failed: {detail}", "error", True)
        case PhaseChanged(phase="finished", detail=detail):
            return News(f"the training has {detail or 'finished'}", needs_person=True)
    return _file_news(body)


def _ramp_news(advanced: RampAdvanced) -> News | None:
    """Tell of the end of a ramp only; its steps can be seen in the table."""
    ended = [change for change in advanced.changes if advanced.iterations_left.get(change.knob) == 0]
    if not ended:
        return None
    where = ", ".join(f"{change.knob} is at {value_text(change.new)}" for change in ended)
    return News(f"ramp ended at iteration {advanced.iteration}: {where}")


def _file_news(body: Body) -> News | None:
    match body:
        case CheckpointSaved(path=path):
            return News(f"saved {path}")
        case CheckpointFailed(reason=reason):
            return News(reason, "error")
        case CheckpointLoaded(first_iteration=iteration, path=path):
            return News(f"continues from {path} with iteration {iteration}")
        case ExportStarted():
            return News(export_result(body))
        case ExportFinished():
            return News(export_result(body), needs_person=True)
        case ExportFailed():
            return News(export_result(body), "error", True)
    return None
