"""What was done to a training, and how it is undone and done again."""

from __future__ import annotations

from curricula.errors import UserError
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Origin
from trainer_proc.contract.requests import Redo, Undo


class UndoRefused(UserError):
    """There is nothing to undo or redo; the message is one line."""


class UndoHistory:
    """The interventions that were applied or wait for it, and which of them are undone."""

    def __init__(self) -> None:
        """Know of none."""
        self._applied: dict[int, InterventionApplied] = {}
        self._waiting: dict[int, InterventionQueued] = {}
        self._undone: list[int] = []
        self._failed: set[int] = set()

    @property
    def undone(self) -> frozenset[int]:
        """Numbers of the interventions that are undone now."""
        return frozenset(self._undone)

    @property
    def waiting(self) -> list[InterventionQueued]:
        """Interventions that have yet to be applied, oldest first."""
        return list(self._waiting.values())

    def queued(self, queued: InterventionQueued) -> None:
        """Remember an intervention that waits for the next iteration."""
        self._waiting[queued.number] = queued

    def applied(self, applied: InterventionApplied) -> None:
        """Remember an intervention that took effect."""
        self._waiting.pop(applied.number, None)
        self._applied[applied.number] = applied
        self._mark(self._undone, applied)

    def failed(self, number: int) -> None:
        """Remember an intervention that could not be applied."""
        self._waiting.pop(number, None)
        self._failed.add(number)

    def newest(self) -> int | None:
        """Return the newest intervention that undo would take: neither undone nor an undo or redo itself."""
        undone = self._undone_soon()
        candidates: list[InterventionApplied | InterventionQueued] = [*self._applied.values(), *self._waiting.values()]
        for candidate in reversed(candidates):
            is_original = candidate.undoes is None and candidate.redoes is None
            if is_original and candidate.number not in undone and _changes(candidate):
                return candidate.number
        return None

    def again(self, command: Undo | Redo) -> InterventionQueued:
        """Return the unnumbered intervention that undoes or redoes. Raises `UndoRefused`."""
        return self._undo(command) if isinstance(command, Undo) else self._redo(command)

    def _undone_soon(self) -> list[int]:
        """Return what is undone once all that waits is applied: undo asked for twice means two interventions."""
        undone = list(self._undone)
        for queued in self._waiting.values():
            self._mark(undone, queued)
        return undone

    def _mark(self, undone: list[int], entry: InterventionApplied | InterventionQueued | None) -> None:
        """Take into `undone` what `entry` does; an undo that is undone has what it undid in force again."""
        is_in_force = True
        while entry is not None:
            number = entry.redoes
            if entry.undoes is not None:
                number, is_in_force = entry.undoes, not is_in_force
            if number is None:
                return
            if is_in_force and number in undone:
                undone.remove(number)
            elif not is_in_force and number not in undone:
                undone.append(number)
            entry = self._applied.get(number)

    def _undo(self, command: Undo) -> InterventionQueued:
        number = self.newest() if command.intervention is None else command.intervention
        if number is None:
            raise UndoRefused("there is nothing to undo")
        applied = self._find(number)
        if number in self._undone_soon():
            raise UndoRefused(f"intervention {number} is undone already; redo brings it back")
        if not _changes(applied):
            raise UndoRefused(f"intervention {number} changed no value; there is nothing to undo")
        return undo_of(applied, "person", command.note)

    def _redo(self, command: Redo) -> InterventionQueued:
        undone = self._undone_soon()
        number = command.intervention
        if number is None:
            if not undone:
                raise UndoRefused("there is nothing to redo")
            number = undone[-1]
        applied = self._find(number)
        if number not in undone:
            raise UndoRefused(f"intervention {number} is not undone; there is nothing to redo")
        targets = applied.ramp.targets if applied.ramp is not None else {}
        changes = tuple(Change(c.knob, c.old, targets.get(c.knob, c.new)) for c in applied.changes)
        return InterventionQueued(
            0,
            "person",
            changes,
            command.note,
            when=applied.when,
            ramp=applied.ramp,
            unpin=applied.unpinned,
            redoes=number,
        )

    def _find(self, number: int) -> InterventionApplied:
        if number in self._failed:
            raise UndoRefused(f"intervention {number} was never applied")
        if number in self._waiting:
            raise UndoRefused(f"intervention {number} waits for the next iteration; undo it once it is applied")
        if number not in self._applied:
            known = f"there are 1 to {max(self._applied)}" if self._applied else "there are none yet"
            raise UndoRefused(f"there is no applied intervention {number}; {known}")
        return self._applied[number]


def undo_of(applied: InterventionApplied, origin: Origin, note: str) -> InterventionQueued:
    """Return the unnumbered intervention that sets back what `applied` changed and pinned."""
    changes = tuple(Change(change.knob, change.new, change.old) for change in applied.changes)
    return InterventionQueued(
        0, origin, changes, note, when=applied.when, unpin=applied.pinned, undoes=applied.number or None
    )


def _changes(entry: InterventionApplied | InterventionQueued) -> bool:
    """Tell whether undo has anything to set back: a value, a ramp or a pin."""
    values = any(change.old != change.new for change in entry.changes)
    if isinstance(entry, InterventionQueued):
        return values or bool(entry.ramp or entry.unpin)
    return values or bool(entry.ramp or entry.pinned or entry.unpinned)
