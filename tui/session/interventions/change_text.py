"""What an intervention does, in one line: for passing notices, the list of the past and the command line alike."""

from __future__ import annotations

from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Ramp


def change_text(change: Change, ramp: Ramp | None = None) -> str:
    """Return knob, old value and new value; with a `ramp`, the value that it goes to."""
    new = change.new if ramp is None else ramp.targets.get(change.knob, change.new)
    return f"{change.knob} {value_text(change.old)} → {value_text(new)}"


def intervention_text(body: InterventionQueued | InterventionApplied, most: int | None = None) -> str:
    """Return what an intervention changes, asked for or applied; after `most` changes the rest are counted."""
    released = body.unpin if isinstance(body, InterventionQueued) else body.unpinned
    stopped = body.stop_ramps if isinstance(body, InterventionQueued) else body.stopped_ramps
    changes = [change_text(change, body.ramp) for change in body.changes if change.knob not in released]
    if most is not None and len(changes) > most:
        changes = [*changes[:most], f"and {len(changes) - most} more"]
    said = ", ".join(changes)
    if body.ramp is not None:
        shape = " geometrically" if body.ramp.shape == "geometric" else ""
        said += f" over {body.ramp.iterations} iterations{shape}"
    parts = [said] if said else []
    parts += [f"{name} unpinned" for name in released]
    parts += [f"{name} stays where its ramp was" for name in stopped]
    return "; ".join(parts) or "no value changed"


def whole_text(body: InterventionQueued | InterventionApplied, most: int | None = None) -> str:
    """Return what an intervention changes, and which other one it undoes or redoes by that."""
    what = intervention_text(body, most)
    if body.undoes is not None:
        return f"undoes #{body.undoes}: {what}"
    return what if body.redoes is None else f"redoes #{body.redoes}: {what}"


def applied_text(applied: InterventionApplied) -> str:
    """Return number, iteration, what was changed and, unless a person did it, by whom."""
    by = "" if applied.origin == "person" else f" by {applied.origin}"
    verb = "applied"
    if applied.undoes is not None:
        verb = f"undoes #{applied.undoes}"
    elif applied.redoes is not None:
        verb = f"redoes #{applied.redoes}"
    pinned = f"; pinned: {', '.join(applied.pinned)}" if applied.pinned else ""
    return f"#{applied.number} {verb} at iteration {applied.iteration}{by}: {intervention_text(applied, 4)}{pinned}"
