"""Changes by the user that a checkpoint does not include, which a run that continues from it would lose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from curricula.curriculum import counted
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionApplied, InterventionQueued
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.unsaved_changes import unsaved_changes
from tui.session.interventions.change_text import applied_text, intervention_text
from tui.session.runs.checkpoints import iteration_in


@dataclass(frozen=True)
class ChangesAfter:
    """What was changed after a checkpoint."""

    lines: tuple[str, ...] = ()
    """One for each change, in order; the last ones may never have been applied."""
    values: tuple[tuple[str, Value], ...] = ()
    """Knobs with the values that put the changes in force again."""

    def listed(self, checkpoint: Path) -> str:
        """Return the changes as lines below a heading; empty without any."""
        count = counted(len(self.lines), "change")
        return "\n  ".join((f"{count} after {checkpoint.name} was saved:", *self.lines)) if self.lines else ""


def changes_after(folder: RunFolder, checkpoint: Path) -> ChangesAfter:
    """Return what was changed in the run after its checkpoint was saved; of another run's checkpoint, everything.

    Raises `JournalUnreadable` or `OSError`.
    """
    changes = unsaved_changes(folder, checkpoint, iteration_in(checkpoint))
    return ChangesAfter(tuple(map(_line, changes.bodies)), tuple(changes.values().items()))


def _line(body: InterventionApplied | InterventionQueued) -> str:
    if isinstance(body, InterventionApplied):
        return applied_text(body)
    return f"#{body.number} accepted, not applied: {intervention_text(body, 4)}"
