"""Changes by the user that a checkpoint does not include, which a run that continues from it would lose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed, InterventionQueued
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.run_folder import RunFolder
from tui.session.interventions.change_text import applied_text, intervention_text
from tui.session.runs.checkpoints import iteration_in

_BY_USER = ("person", "guard")
"""Origins of changes that nothing makes again; a guard undoes the user's."""


@dataclass(frozen=True)
class ChangesAfter:
    """What was changed after a checkpoint."""

    lines: tuple[str, ...] = ()
    """One for each change, in order; the last ones may never have been applied."""
    values: tuple[tuple[str, Value], ...] = ()
    """Knobs with the values that put the changes in force again."""

    def listed(self, checkpoint: Path) -> str:
        """Return the changes as lines below a heading; empty without any."""
        count = f"{len(self.lines)} change{'' if len(self.lines) == 1 else 's'}"
        return "\n  ".join((f"{count} after {checkpoint.name} was saved:", *self.lines)) if self.lines else ""


def changes_after(folder: RunFolder, checkpoint: Path) -> ChangesAfter:
    """Return what was changed in the run after its checkpoint was saved; of another run's checkpoint, everything.

    Raises `JournalUnreadable` or `OSError`.
    """
    is_own = checkpoint.parent.resolve() == folder.path
    applied: list[InterventionApplied] = []
    queued: dict[int, InterventionQueued] = {}
    was_saved = False
    for frames in JournalReader(folder.journal).read_pieces():
        for frame in frames:
            match frame.body:
                case CheckpointSaved(path=path) if is_own and path == checkpoint.name:
                    was_saved = True
                    applied.clear()
                case InterventionQueued(number=number) as body:
                    queued[number] = body
                case InterventionApplied(number=number) as body:
                    queued.pop(number, None)
                    applied += [body] if body.origin in _BY_USER else []
                case InterventionFailed(number=number):
                    queued.pop(number, None)
    if is_own and not was_saved:  # recorded by another program: the iteration must do
        last = iteration_in(checkpoint)
        applied = [body for body in applied if last is None or body.iteration > last + 1]
    return _changes(applied, [body for body in queued.values() if body.origin in _BY_USER])


def _changes(applied: list[InterventionApplied], queued: list[InterventionQueued]) -> ChangesAfter:
    values: dict[str, Value] = {}
    old: dict[str, Value] = {}
    bodies: list[InterventionApplied | InterventionQueued] = [*applied, *queued]
    for body in bodies:
        targets = body.ramp.targets if body.ramp is not None else {}
        for change in body.changes:
            old.setdefault(change.knob, change.old)
            values[change.knob] = targets.get(change.knob, change.new)
        for name in body.unpin if isinstance(body, InterventionQueued) else body.unpinned:
            values.pop(name, None)  # its competing writer has it again
    lines = [applied_text(body) for body in applied]
    lines += [f"#{body.number} accepted, not applied: {intervention_text(body, 4)}" for body in queued]
    return ChangesAfter(tuple(lines), tuple((name, value) for name, value in values.items() if value != old.get(name)))
