"""Knobs with their values and revisions, and the numbers of changes, kept from the frames that pass.

The revision grows with every change, requested or made by the trainer.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from trainer_proc.contract.knob import Knob, Value
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionQueued,
    KnobsAvailable,
    RampAdvanced,
)
from trainer_proc.contract.undo_history import UndoHistory


@dataclass
class _Entry:
    knob: Knob
    """Description with the present value."""
    revision: int
    """Revision of the last change or request."""


class KnobLedger:
    """Assigns number and revision to every change of one training."""

    def __init__(self) -> None:
        self.entries: dict[str, _Entry] = {}
        """Knobs by name; empty before the environment is built."""
        self.history = UndoHistory()
        self.revision = 0
        self.next_number = 1
        """Number of the next change."""
        self.ramping: set[str] = set()

    # --- what passes ---

    def take_knobs(self, available: KnobsAvailable) -> None:
        self.revision = available.revision
        self.entries = {knob.name: _Entry(knob, available.revision) for knob in available.knobs}

    def take_applied(self, applied: InterventionApplied) -> InterventionApplied:
        """Take over the values read back; assign number and revision to the trainer's own changes."""
        # a resumed run continues at its checkpoint's revision
        self.revision = max(self.revision + (not applied.number), applied.revision)
        self.next_number = max(self.next_number, applied.number + 1)  # of a journal without its request
        if not applied.number:
            applied = msgspec.structs.replace(applied, number=self._take_number(), revision=self.revision)
        self._take_changes(applied.changes, applied.revision)
        for name in applied.pinned:
            self.describe(name, pinned=True)
        for name in applied.unpinned:
            self.describe(name, pinned=False)
        self.ramping -= {change.knob for change in applied.changes} | set(applied.stopped_ramps)
        if applied.ramp is not None:
            self.ramping |= set(applied.ramp.targets)
        self.history.applied(applied)
        return applied

    def take_ramp(self, advanced: RampAdvanced) -> RampAdvanced:
        """Assign a revision to a ramp's step; the knob counts as unchanged since the ramp was requested."""
        self.revision = max(self.revision + 1, advanced.revision)
        self._take_changes(advanced.changes, 0)
        self.ramping -= {name for name, left in advanced.iterations_left.items() if not left}
        return msgspec.structs.replace(advanced, revision=self.revision)

    def describe(self, name: str, **fields: object) -> None:
        """Replace fields of a knob's description."""
        if name in self.entries:  # else it was in a part of the journal that is damaged
            entry = self.entries[name]
            entry.knob = msgspec.structs.replace(entry.knob, **fields)

    def _take_changes(self, changes: tuple[Change, ...], revision: int) -> None:
        for change in changes:
            self.describe(change.knob, value=change.new)
            if change.knob in self.entries:
                entry = self.entries[change.knob]
                entry.revision = max(entry.revision, revision)  # a newer request may be queued

    # --- accepted requests ---

    def queue(self, queued: InterventionQueued) -> InterventionQueued:
        """Return a valid change with number and revision; from now on it waits."""
        self.revision += 1
        queued = msgspec.structs.replace(queued, number=self._take_number(), revision=self.revision)
        self._note(queued)
        return queued

    def recall(self, queued: InterventionQueued) -> None:
        """Note a change that an earlier wire process of this training has accepted."""
        self.revision = max(self.revision, queued.revision)
        self._note(queued)

    def _note(self, queued: InterventionQueued) -> None:
        for name in named_knobs(queued):
            if name in self.entries:  # else it was in a part of the journal that is damaged
                self.entries[name].revision = queued.revision
        self.history.queued(queued)

    def _take_number(self) -> int:
        self.next_number += 1
        return self.next_number - 1

    # --- knobs once the queue is applied ---

    def value_after_queue(self, name: str) -> Value:
        """Return a knob's value once the queue is applied."""
        queued_values = [c.new for queued in self.history.waiting for c in queued.changes if c.knob == name]
        return queued_values[-1] if queued_values else self.entries[name].knob.value

    def will_ramp(self, name: str) -> bool:
        """Return whether a knob is ramping once the queue is applied."""
        ramps = name in self.ramping
        for queued in self.history.waiting:
            if name in queued.unpin or name in queued.stop_ramps:
                ramps = False
            elif any(change.knob == name for change in queued.changes):
                ramps = queued.ramp is not None
        return ramps

    def is_pinned(self, name: str) -> bool:
        return self.entries[name].knob.pinned


def named_knobs(queued: InterventionQueued) -> tuple[str, ...]:
    """Return the names of all knobs that a change concerns."""
    return (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps)
