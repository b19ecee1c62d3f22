"""The history of interventions that undo and redo work on."""

from __future__ import annotations

from msgspec.structs import replace

from curricula.errors import UserError
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued, Origin
from trainer_proc.contract.requests import Redo, Undo


class UndoError(UserError):
    """There is nothing to undo or redo; the message is one line."""


class UndoHistory:
    """Applied and queued interventions, and which of them are undone."""

    def __init__(self) -> None:
        self._applied: dict[int, InterventionApplied] = {}
        self._queued: dict[int, InterventionQueued] = {}
        self._undone: list[int] = []
        self._failed: set[int] = set()

    @property
    def undone(self) -> frozenset[int]:
        """Numbers of the interventions that are undone now."""
        return frozenset(self._undone)

    @property
    def waiting(self) -> list[InterventionQueued]:
        """Interventions that are queued, oldest first."""
        return list(self._queued.values())

    def queued(self, queued: InterventionQueued) -> None:
        """Record an intervention that is queued for the next iteration."""
        self._queued[queued.number] = queued

    def applied(self, applied: InterventionApplied) -> None:
        """Record an intervention that took effect."""
        self._queued.pop(applied.number, None)
        self._applied[applied.number] = applied
        self._mark(self._undone, applied)

    def failed(self, number: int) -> None:
        """Record that intervention `number` could not be applied."""
        self._queued.pop(number, None)
        self._failed.add(number)

    def newest(self) -> int | None:
        """Return the newest intervention that can be undone: not undone, and no undo or redo itself. None if none."""
        undone = self._undone_after_queue()
        candidates: list[InterventionApplied | InterventionQueued] = [*self._applied.values(), *self._queued.values()]
        for candidate in reversed(candidates):
            is_original = candidate.undoes is None and candidate.redoes is None
            if is_original and candidate.number not in undone and _has_effect(candidate):
                return candidate.number
        return None

    def intervention_for(self, command: Undo | Redo) -> InterventionQueued:
        """Return the unnumbered intervention that carries out `command`. Raises `UndoError`."""
        queued = self._undo(command) if isinstance(command, Undo) else self._redo(command)
        return replace(queued, agent=command.agent)

    def _undone_after_queue(self) -> list[int]:
        """Return what is undone once the queue is applied, so that two undo requests undo two interventions."""
        undone = list(self._undone)
        for queued in self._queued.values():
            self._mark(undone, queued)
        return undone

    def _mark(self, undone: list[int], entry: InterventionApplied | InterventionQueued | None) -> None:
        """Update `undone` for `entry`. Undoing an undo puts what it undid in force again, along the whole chain.

        A journal with repeated numbers may lead back to where it began; the chain ends there.
        """
        is_in_force = True
        seen: set[int] = set()
        while entry is not None and entry.number not in seen:
            seen.add(entry.number)
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
            raise UndoError("there is nothing to undo")
        applied = self._find(number)
        if number in self._undone_after_queue():
            raise UndoError(f"#{number} is already undone; use redo to apply it again")
        if not _has_effect(applied):
            raise UndoError(f"#{number} changed no value; there is nothing to undo")
        return undo_of(applied, "person", command.note)

    def _redo(self, command: Redo) -> InterventionQueued:
        undone = self._undone_after_queue()
        number = command.intervention
        if number is None:
            if not undone:
                raise UndoError("there is nothing to redo")
            number = undone[-1]
        applied = self._find(number)
        if number not in undone:
            raise UndoError(f"#{number} is not undone; there is nothing to redo")
        targets = applied.ramp.targets if applied.ramp is not None else {}
        return InterventionQueued(
            number=0,
            origin="person",
            changes=tuple(Change(c.knob, c.old, targets.get(c.knob, c.new)) for c in applied.changes),
            note=command.note,
            when=applied.when,
            ramp=applied.ramp,
            unpin=applied.unpinned,
            redoes=number,
        )

    def _find(self, number: int) -> InterventionApplied:
        if number in self._failed:
            raise UndoError(f"#{number} was never applied")
        if number in self._queued:
            raise UndoError(f"#{number} is queued for the next iteration; undo it once it is applied")
        if number not in self._applied:
            known = f"there are #1 to #{max(self._applied)}" if self._applied else "there are none yet"
            raise UndoError(f"no such change: #{number}; {known}")
        return self._applied[number]


def undo_of(applied: InterventionApplied, origin: Origin, note: str) -> InterventionQueued:
    """Return the unnumbered intervention that restores the values and pins from before `applied`."""
    return InterventionQueued(
        number=0,
        origin=origin,
        changes=tuple(Change(change.knob, change.new, change.old) for change in applied.changes),
        note=note,
        when=applied.when,
        unpin=applied.pinned,
        undoes=applied.number or None,
    )


def _has_effect(entry: InterventionApplied | InterventionQueued) -> bool:
    """Return whether undo has anything to restore: a value, a ramp or a pin."""
    has_changed_values = any(change.old != change.new for change in entry.changes)
    if isinstance(entry, InterventionQueued):
        return has_changed_values or bool(entry.ramp or entry.unpin)
    return has_changed_values or bool(entry.ramp or entry.pinned or entry.unpinned)
