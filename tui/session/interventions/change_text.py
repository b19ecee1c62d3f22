"""One line about a change: for notifications, the history and the command line."""

from __future__ import annotations

from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Ramp


def author_text(body: InterventionQueued | InterventionApplied) -> str:
    """Return who made a change, an agent with its name; journals call the user `person`."""
    if body.agent:
        return f"agent {body.agent}"
    return "user" if body.origin == "person" else body.origin


def by_other(body: InterventionQueued | InterventionApplied) -> str:
    """Return ` (author)`; empty for a change by the user."""
    author = author_text(body)
    return "" if author == "user" else f" ({author})"


def change_text(change: Change, ramp: Ramp | None = None) -> str:
    """Return knob, old value and new value; with a `ramp`, its target."""
    new = change.new if ramp is None else ramp.targets.get(change.knob, change.new)
    return f"{change.knob} {value_text(change.old)} → {value_text(new)}"


def intervention_text(body: InterventionQueued | InterventionApplied, most: int | None = None) -> str:
    """Return the changes, queued or applied; of more than `most` changes, the rest are counted.

    Values that stayed as they were are left out, unless there is nothing else.
    """
    released = body.unpin if isinstance(body, InterventionQueued) else body.unpinned
    stopped = body.stop_ramps if isinstance(body, InterventionQueued) else body.stopped_ramps
    targets = body.ramp.targets if body.ramp is not None else {}
    written = [change for change in body.changes if change.knob not in released]
    moved = [change for change in written if targets.get(change.knob, change.new) != change.old]
    changes = [change_text(change, body.ramp) for change in moved or written]
    if most is not None and len(changes) > most:
        changes = [*changes[:most], f"and {len(changes) - most} more"]
    text = ", ".join(changes)
    if body.ramp is not None:
        shape = " (geometric)" if body.ramp.shape == "geometric" else ""
        text += f" over {body.ramp.iterations} iterations{shape}"
    parts = [text] if text else []
    parts += [f"{name} unpinned" for name in released]
    parts += [f"ramp of {name} stopped" for name in stopped]
    return "; ".join(parts) or "no value changed"


def whole_text(body: InterventionQueued | InterventionApplied, most: int | None = None) -> str:
    """Return the changes, and which other change they undo or redo."""
    what = intervention_text(body, most)
    if body.undoes is not None:
        return f"undo of #{body.undoes}: {what}"
    return what if body.redoes is None else f"redo of #{body.redoes}: {what}"


def applied_text(applied: InterventionApplied) -> str:
    """Return number, iteration, author (unless the user) and the changes."""
    name = f"#{applied.number}"
    if applied.undoes is not None:
        name = f"undo of #{applied.undoes} (as #{applied.number})"
    elif applied.redoes is not None:
        name = f"redo of #{applied.redoes} (as #{applied.number})"
    is_own = applied.origin in ("curriculum", "schedule")  # which replace what else writes their knobs
    pinned = f"; pinned: {', '.join(applied.pinned)}" if applied.pinned and not is_own else ""
    return f"{name} applied @{applied.iteration}{by_other(applied)}: {intervention_text(applied, 4)}{pinned}"
