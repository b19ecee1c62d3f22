"""The changes of a training that guards may return to, and the checkpoints that this needs."""

from __future__ import annotations

from collections.abc import Iterable

from trainer_proc.checkpoints.retention import Needed
from trainer_proc.contract.messages import InterventionApplied
from trainer_proc.steering.guard import PREFIX


class Changes:
    """Remembers applied changes; those of guards' own knobs do not affect the training."""

    def __init__(self) -> None:
        self.last: InterventionApplied | None = None
        """The change that a guard would undo."""
        self._by_user: list[int] = []
        """First iterations under changes by the user."""

    def applied(self, change: InterventionApplied) -> bool:
        """Remember a change; return whether it affects the training."""
        if change.origin == "person":
            self._by_user.append(change.iteration)
        affects = not all(changed.knob.startswith(PREFIX) for changed in change.changes)
        if change.undoes is None and affects:
            self.last = change
        elif self.last is not None and change.undoes == self.last.number:
            self.last = None
        return affects

    def needed(self, below: Iterable[int]) -> Needed:
        """Return the checkpoints before changes; a guard may also return to the newest below each of `below`."""
        exactly = () if self.last is None else (self.last.iteration - 1,)
        return Needed(tuple(below), tuple(self._by_user), exactly)
