"""Changes by the user that a checkpoint does not include, from the journal of its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed, InterventionQueued, RunStarted
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.run_folder import RunFolder

_BY_USER = ("person", "guard")
"""Origins of changes that nothing makes again; a guard undoes the user's."""


@dataclass(frozen=True)
class UnsavedChanges:
    """Changes after a checkpoint, in order; those that are `InterventionQueued` were accepted and never applied."""

    bodies: tuple[InterventionApplied | InterventionQueued, ...]

    def values(self) -> dict[str, Value]:
        """Return the knobs' values that put the changes in force again; none for those that were taken back."""
        values: dict[str, Value] = {}
        old: dict[str, Value] = {}
        for body in self.bodies:
            targets = body.ramp.targets if body.ramp is not None else {}
            for change in body.changes:
                old.setdefault(change.knob, change.old)
                values[change.knob] = targets.get(change.knob, change.new)
            for name in body.unpin if isinstance(body, InterventionQueued) else body.unpinned:
                values.pop(name, None)  # its competing writer has it again
        return {name: value for name, value in values.items() if value != old.get(name)}


def unsaved_changes(folder: RunFolder, checkpoint: Path, iteration: int | None) -> UnsavedChanges:
    """Return what was changed in the run after its checkpoint was saved; of another run's checkpoint, everything.

    `iteration` is that of the checkpoint, for a run whose saves were not recorded. Raises `JournalUnreadable` or
    `OSError`.
    """
    is_own = checkpoint.parent.resolve() == folder.path
    done: list[InterventionApplied | InterventionQueued] = []
    queued: dict[int, InterventionQueued] = {}
    was_saved, pid = False, -1
    for frames in JournalReader(folder.journal).read_pieces():
        for frame in frames:
            match frame.body:
                case CheckpointSaved(path=path) if is_own and path == checkpoint.name:
                    was_saved = True
                    done.clear()
                case RunStarted(pid=number) if number != pid:  # one that continues has what the one before had accepted
                    done += queued.values()
                    queued.clear()
                    pid = number
                case InterventionQueued(number=number) as body:
                    queued[number] = body
                case InterventionApplied(number=number) as body:
                    queued.pop(number, None)
                    done.append(body)
                case InterventionFailed(number=number):
                    queued.pop(number, None)
                case _:
                    pass
    if is_own and not was_saved and iteration is not None:
        done = [body for body in done if isinstance(body, InterventionQueued) or body.iteration > iteration + 1]
    return UnsavedChanges(tuple(body for body in (*done, *queued.values()) if body.origin in _BY_USER))
