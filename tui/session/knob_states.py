"""Knobs with their values, and the changes requested and made so far: the part of a run's fold that steers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from curricula.curriculum_knobs import mode_knob
from curricula.owners import owners_of
from trainer_proc.contract.knob import Knob, RampShape, Value
from trainer_proc.contract.messages import (
    Body,
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    RampAdvanced,
)
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.contract.undo_history import UndoHistory


@dataclass(frozen=True)
class RampState:
    """The ramp of a knob: target, shape and iterations left."""

    target: Value
    shape: RampShape
    iterations_left: int


@dataclass
class KnobState:
    """A knob with its current value and its changes."""

    knob: Knob
    value: Value
    pending: Value | None = None
    """Value queued for the next iteration."""
    pending_intervention: int | None = None
    """Number of the queued change."""
    changed_by: InterventionApplied | None = None
    """Newest change of this knob."""
    ramp: RampState | None = None
    owner_mode: KnobState | None = None
    """Mode of the curriculum that owns this knob; None without one."""

    @property
    def is_pinned(self) -> bool:
        """Whether the user's value is held against a competing writer; a curriculum's own value is not."""
        return self.knob.pinned and (self.owner_mode is None or self.owner_mode.value == "hold")

    @property
    def applied_at(self) -> int | None:
        """First iteration after the newest change of this knob."""
        return self.changed_by.iteration if self.changed_by is not None else None

    @property
    def is_changed(self) -> bool:
        """Whether the value was changed from the default, and not by a competing writer."""
        return self.value != self.knob.default and (self.knob.pinned or not self.knob.competing_writer)


@dataclass
class KnobStates:
    """Fold over the frames of knobs and changes.

    `queued`, `interventions` (applied) and `failed` are by number. The trainer's own changes are never queued.
    """

    revision: int = 0
    knobs: dict[str, KnobState] = field(default_factory=dict)
    queued: dict[int, InterventionQueued] = field(default_factory=dict)
    interventions: dict[int, InterventionApplied] = field(default_factory=dict)
    failed: dict[int, InterventionFailed] = field(default_factory=dict)
    past: UndoHistory = field(default_factory=UndoHistory)

    def knobs_available(self, body: KnobsAvailable, curricula: Mapping[str, dict[str, Any]]) -> None:
        """Take the knobs of a built environment; `curricula` are the run's, by name."""
        self.revision = body.revision
        self.knobs = {knob.name: KnobState(knob, knob.value) for knob in body.knobs}
        for knob, owner in owners_of(curricula).items():
            for state in self._known(knob):
                state.owner_mode = self.knobs.get(mode_knob(owner))

    def apply_change(self, body: Body) -> None:
        """Apply a frame about changes and ramps; ignore others."""
        match body:
            case InterventionQueued():
                self._change_queued(body)
            case InterventionApplied():
                self._change_applied(body)
            case InterventionFailed():
                self._change_failed(body)
            case RampAdvanced():
                self._ramp_advanced(body)
            case CompetingWriterFound():
                self._competing_writer_found(body)

    def _change_queued(self, body: InterventionQueued) -> None:
        self.revision = max(self.revision, body.revision)
        self.queued[body.number] = body
        self.past.queued(body)
        for change in body.changes:
            for knob in self._known(change.knob):
                knob.pending, knob.pending_intervention = change.new, body.number

    def _change_failed(self, body: InterventionFailed) -> None:
        self.past.failed(body.number)
        if body.number:  # 0: a step of a ramp
            self.failed[body.number] = body
        self._settle(body.number)

    def _change_applied(self, body: InterventionApplied) -> None:
        self.revision = max(self.revision, body.revision)
        self.interventions[body.number] = body
        self.past.applied(body)
        self._apply_changes(body.changes)
        changed = [change.knob for change in body.changes]
        for knob in self._known(*changed):
            knob.changed_by = body
        for knob in self._known(*changed, *body.stopped_ramps):
            knob.ramp = None
        if body.ramp is not None:
            for name, target in body.ramp.targets.items():
                for knob in self._known(name):
                    knob.ramp = RampState(target, body.ramp.shape, body.ramp.iterations - 1)
        for name in body.pinned:
            self._describe(name, pinned=True)
        for name in body.unpinned:
            self._describe(name, pinned=False)
        self._settle(body.number)

    def _ramp_advanced(self, body: RampAdvanced) -> None:
        self.revision = max(self.revision, body.revision)
        self._apply_changes(body.changes)
        for name, left in body.iterations_left.items():
            for knob in self._known(name):
                if (ramp := knob.ramp) is not None:
                    knob.ramp = RampState(ramp.target, ramp.shape, left) if left else None

    def _competing_writer_found(self, body: CompetingWriterFound) -> None:
        self._describe(body.knob, competing_writer=body.competing_writer, pinned=body.pinned)

    def _apply_changes(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            for knob in self._known(change.knob):
                knob.value = change.new

    def _settle(self, number: int) -> None:
        """Clear the pending value of a change; the value read back may differ from the requested one."""
        for knob in self.knobs.values():
            if knob.pending_intervention == number:
                knob.pending = knob.pending_intervention = None

    def _describe(self, name: str, **fields: object) -> None:
        for state in self._known(name):
            state.knob = msgspec.structs.replace(state.knob, **fields)

    def _known(self, *names: str) -> list[KnobState]:
        """Return the knobs of these names; without those that only a skipped frame described."""
        return [self.knobs[name] for name in names if name in self.knobs]
