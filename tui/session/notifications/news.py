"""Notifications of events in a run."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import Body, InterventionApplied, InterventionFailed, PhaseChanged, RampAdvanced
from trainer_proc.contract.monitoring import (
    CompetingWriterFound,
    GuardFired,
    LeftOut,
    StepCaptured,
    TrainerStalled,
    WireRestarted,
)
from trainer_proc.contract.products import (
    CheckpointFailed,
    CheckpointLoaded,
    CheckpointSaved,
    CheckpointsDeleted,
    EvaluationFailed,
    EvaluationFinished,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    PolicyReloaded,
    RolloutFailed,
    RolloutRecorded,
    TrackerLinked,
    WriteDelayed,
)
from tui.session.evaluation_text import evaluation_result
from tui.session.interventions.change_text import applied_text
from tui.session.rollout_text import rollout_result
from tui.session.status_text import export_result, stalled_text
from tui.session.step_text import turned_eager

Severity: TypeAlias = Literal["information", "warning", "error"]


class News(NamedTuple):
    """One line with its severity; `needs_user` also alerts a user who is away from the screen.

    What `stays_in_header` needs no long toast, which would cover the name of the run in a small terminal.
    """

    text: str
    severity: Severity = "information"
    needs_user: bool = False
    stays_in_header: bool = False


def news_of(body: Body) -> News | None:
    """Return the notification of a frame; None for most frames."""
    match body:
        case InterventionApplied():
            return News(applied_text(body))
        case InterventionFailed(number=number, reason=reason):
            return News(f"#{number} was not applied: {reason}" if number else reason, "error")
        case RampAdvanced():
            return _ramp_news(body)
        case CompetingWriterFound(knob=knob, competing_writer=competing_writer, pinned=True):
            return News(f"{knob} is also written by {competing_writer}, which is overridden", "warning")
        case GuardFired(guard=guard, message=message, action=action):
            done = "" if action == "warned" else f" ({action})"
            severity: Severity = "warning" if action == "warned" else "error"
            return News(f"guard {guard}{done}: {message}", severity, needs_user=True, stays_in_header=True)
        case PolicyReloaded(iteration=iteration, path=path):
            return News(f"{path} loaded into the policy @{iteration}")
        case LeftOut(what=what, reason=reason):
            return News(f"no {what}: {reason}", "warning")
        case TrainerStalled() as stalled:
            return News(stalled_text(stalled), "warning", needs_user=True)
        case WireRestarted():
            return News("the wire process died; a new one continues the record", "warning")
        case PhaseChanged(phase="failed", detail=detail):
            return News(f"training failed: {detail}", "error", True)
        case PhaseChanged(phase="finished", detail=detail):
            return News(f"training {detail or 'finished'}", needs_user=True)
    return _file_news(body)


def step_news(before: StepCaptured | None, now: StepCaptured) -> News | None:
    """Notify of parts of the step that fast mode has given up during the training; `before` is its last report."""
    parts = turned_eager(before, now)
    if not parts:
        return None
    more = f", and {len(parts) - 1} more" if len(parts) > 1 else ""
    return News(f"{parts[0].name} is no longer captured: {parts[0].reason}{more}", "warning")


def _ramp_news(advanced: RampAdvanced) -> News | None:
    """Notify of the end of a ramp only; the table shows its steps."""
    ended = [change for change in advanced.changes if advanced.iterations_left.get(change.knob) == 0]
    if not ended:
        return None
    where = ", ".join(f"{change.knob} = {value_text(change.new)}" for change in ended)
    return News(f"ramp ended @{advanced.iteration}: {where}")


def _file_news(body: Body) -> News | None:
    match body:
        case CheckpointSaved(path=path):
            return News(f"checkpoint saved: {path}")
        case WriteDelayed(what="checkpoints"):  # each has its own news
            return None
        case WriteDelayed(what=what, reason=""):
            return News(f"{what}: all is written again")
        case WriteDelayed(what=what, reason=reason):
            return News(f"{what} can't be written, training continues: {reason}", "error", needs_user=True)
        case CheckpointFailed(reason=reason):
            return News(reason, "error")
        case CheckpointLoaded(first_iteration=iteration, path=path, copied=""):
            return News(f"continues from {path} at iteration {iteration}")
        case CheckpointLoaded(path=path, copied=copied):
            return News(f"begins with weights of {path}: {copied}")
        case CheckpointsDeleted(paths=paths):
            return News(f"checkpoints deleted: {', '.join(paths)}")
        case EvaluationFinished() | EvaluationFailed():
            return News(evaluation_result(body), "information" if isinstance(body, EvaluationFinished) else "warning")
        case TrackerLinked(tracker=tracker, link=link):
            return News(f"logged by {tracker}: {link}")
        case RolloutRecorded():
            return News(rollout_result(body))
        case RolloutFailed():
            return News(rollout_result(body), "warning")
        case ExportStarted():
            return News(export_result(body))
        case ExportFinished():
            return News(export_result(body), needs_user=True)
        case ExportFailed():
            return News(export_result(body), "error", True)
    return None
