"""Validates requests: valid ones are numbered and forwarded, others refused with a reason.

Pure logic without sockets; it learns the training's state from the frames that pass. It owns the numbers of
interventions and the revision, which grows with every change, requested or made by the trainer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from trainer_proc.contract.knob import Knob, Value, fitted, ramp_refusal, refusal, unknown_knob, value_text
from trainer_proc.contract.messages import (
    TERMINAL_PHASES,
    Change,
    CompetingWriterFound,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    PhaseChanged,
    Ramp,
    RampAdvanced,
    TrainerBody,
)
from trainer_proc.contract.products import ExportFailed, ExportFinished
from trainer_proc.contract.requests import (
    MOST_WAITING,
    Command,
    Export,
    Ping,
    Redo,
    Refused,
    Reload,
    Resume,
    Stop,
    StopRamp,
    Tune,
    Undo,
    Unpin,
    size_refusal,
)
from trainer_proc.contract.undo_history import UndoError, UndoHistory

_NO_WAY_BUT_STOP = "the policy is not finite, and there is no good checkpoint to reload: stop the training"
_NO_KNOB = "expected at least one knob, got none"


@dataclass
class _Entry:
    knob: Knob
    """Description with the present value."""
    revision: int
    """Revision of the last change or request."""


class RequestValidator:
    """Answers the requests of one run."""

    def __init__(self) -> None:
        self.phase = PhaseChanged("building")
        self.has_iterated = False
        self._entries: dict[str, _Entry] = {}
        self._history = UndoHistory()
        self._ramping: set[str] = set()
        self._costs_shown: set[str] = set()
        self._revision = 0
        self.next_intervention = 1
        """Number of the next change."""
        self._stopping = False
        self._exporting = False

    def observe(self, body: TrainerBody) -> TrainerBody:
        """Update from a body of the trainer; return the body with number and revision, which are assigned here."""
        match body:
            case PhaseChanged():
                self.phase = body
            case KnobsAvailable(revision=revision, knobs=knobs):
                self._revision = revision
                self._entries = {knob.name: _Entry(knob, revision) for knob in knobs}
            case InterventionApplied():
                return self._observe_applied(body)
            case InterventionFailed(number=number):
                self._history.failed(number)
            case RampAdvanced():
                return self._observe_ramp(body)
            case CompetingWriterFound(knob=name, competing_writer=competing_writer, pinned=pinned):
                self._describe(name, competing_writer=competing_writer, pinned=pinned)
            case IterationFinished():
                self.has_iterated = True
            case ExportFinished() | ExportFailed():
                self._exporting = False
            case _:
                pass
        return body

    @property
    def waiting(self) -> tuple[InterventionQueued, ...]:
        """Accepted changes that were neither applied nor refused."""
        return tuple(self._history.waiting)

    def recall(self, queued: InterventionQueued) -> None:
        """Update from a change that an earlier wire process of this training has accepted."""
        self._revision = max(self._revision, queued.revision)
        for name in (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps):
            if name in self._entries:
                self._entries[name].revision = queued.revision
        self._history.queued(queued)

    def answer(self, command: Command) -> InterventionQueued | Refused | None:
        """Return the intervention that `command` becomes, None if it is accepted without one, or a refusal.

        The refusal's `request_id` is 0.
        """
        if isinstance(command, Ping):
            return None
        has_ended = self.phase.phase in TERMINAL_PHASES
        is_stopping = self._stopping or self.phase.phase == "stopping"
        if has_ended or (is_stopping and not isinstance(command, Stop)):
            return Refused(0, f"training {'has ended' if has_ended else 'is stopping'}; no more changes are possible")
        if isinstance(command, Tune | Undo | Redo | Unpin | StopRamp):
            return self._answer_change(command)
        if isinstance(command, Resume | Reload) and (reason := self._continue_refusal(command)):
            return Refused(0, reason)
        if isinstance(command, Export):
            if self._exporting:
                return Refused(0, "an export is already running; retry when it has finished")
            self._exporting = True
        self._stopping = self._stopping or isinstance(command, Stop)
        return None

    def _continue_refusal(self, command: Resume | Reload) -> str:
        """Return why a training can't resume or reload, and what it can do; empty if it can."""
        checkpoint, is_paused = self.phase.good_checkpoint, self.phase.phase == "paused"
        if isinstance(command, Reload):
            if not self.has_iterated:
                return "nothing to reload before the first iteration; retry then"
            return "" if checkpoint or not is_paused or self.phase.is_resumable else _NO_WAY_BUT_STOP
        if not is_paused or self.phase.is_resumable:
            return ""
        return f"the policy is not finite: reload {checkpoint}, or stop" if checkpoint else _NO_WAY_BUT_STOP

    def cost(self, queued: InterventionQueued) -> str:
        """Return a one-line warning about the cost of a change, once per knob; usually empty."""
        names = [change.knob for change in queued.changes if change.knob not in self._costs_shown]
        self._costs_shown.update(names)
        return next((cost for name in names if (cost := self._entries[name].knob.cost)), "")

    def _answer_change(self, command: Tune | Undo | Redo | Unpin | StopRamp) -> InterventionQueued | Refused:
        if not self._entries:
            return Refused(0, "knobs are available after the environment is built; retry then")
        if excess := size_refusal(command):
            return Refused(0, excess)
        if len(self._history.waiting) >= MOST_WAITING:
            return Refused(0, f"{MOST_WAITING} changes wait for the next iteration; retry after it")
        match command:
            case Tune():
                command = self._fitted(command)
                reason = self._refusal(command)
                changes = self._changes(command.values) if reason is None else ()
                queued = InterventionQueued(
                    number=0,
                    origin=command.origin,
                    changes=changes,
                    note=command.note,
                    when=command.when,
                    ramp=command.ramp,
                )
            case Undo() | Redo():
                try:
                    queued = self._history.intervention_for(command)
                except UndoError as refused:
                    return Refused(0, str(refused))
                reason = self._repeated_ramp_refusal(queued)
            case Unpin():
                reason = self._state_refusal(command.knobs, self._is_pinned, "pinned")
                queued = InterventionQueued(
                    number=0, origin="person", changes=(), note=command.note, unpin=command.knobs
                )
            case StopRamp():
                reason = self._state_refusal(command.knobs, self._will_ramp, "ramping")
                queued = InterventionQueued(
                    number=0, origin="person", changes=(), note=command.note, stop_ramps=command.knobs
                )
        reason = reason or self._stale_refusal(queued, command.revision)
        return Refused(0, reason) if reason is not None else self._queue(queued)

    def _stale_refusal(self, queued: InterventionQueued, revision: int | None) -> str | None:
        if revision is None:
            return None
        if revision > self._revision:
            return f"no such revision: {revision}; the newest is {self._revision}"
        names = (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps)
        reasons = (self._stale(name, revision) for name in names)
        return next((reason for reason in reasons if reason is not None), None)

    def _fitted(self, tune: Tune) -> Tune:
        known = {name: self._entries[name].knob for name in tune.values if name in self._entries}
        values = {name: fitted(known[name], value) if name in known else value for name, value in tune.values.items()}
        return msgspec.structs.replace(tune, values=values)

    def _refusal(self, tune: Tune) -> str | None:
        if not tune.values:
            return _NO_KNOB
        reasons = (self._value_refusal(name, value, tune.ramp) for name, value in tune.values.items())
        return next((reason for reason in reasons if reason is not None), None)

    def _value_refusal(self, name: str, value: Value, ramp: Ramp | None) -> str | None:
        if name not in self._entries:
            return unknown_knob(name, list(self._entries))
        knob = self._entries[name].knob
        reason = refusal(knob, value)
        if reason is not None or ramp is None:
            return reason
        return ramp_refusal(knob, self._value_after_queue(name), value, ramp.iterations, ramp.shape)

    def _repeated_ramp_refusal(self, queued: InterventionQueued) -> str | None:
        """Check only the ramp of an undo or redo: its values were in force before, its start may differ now."""
        if queued.ramp is None:
            return None
        iterations, shape = queued.ramp.iterations, queued.ramp.shape
        reasons = (
            ramp_refusal(
                self._entries[change.knob].knob, self._value_after_queue(change.knob), change.new, iterations, shape
            )
            for change in queued.changes
            if not queued.ramp.targets or change.knob in queued.ramp.targets
        )
        return next((reason for reason in reasons if reason is not None), None)

    def _stale(self, name: str, revision: int) -> str | None:
        entry = self._entries[name]
        if entry.revision <= revision:
            return None
        value = value_text(self._value_after_queue(name))
        now = f"it is {value} since revision {entry.revision}"
        return f"{name} has changed since revision {revision}: {now}; check it and retry"

    def _state_refusal(self, names: tuple[str, ...], has_state: Callable[[str], bool], state: str) -> str | None:
        """Return why `names` are not all knobs in that `state`."""
        for name in names:
            if name not in self._entries:
                return unknown_knob(name, list(self._entries))
            if not has_state(name):
                return f"{name} is not {state}"
        return None if names else _NO_KNOB

    def _changes(self, values: dict[str, Value]) -> tuple[Change, ...]:
        return tuple(Change(name, self._entries[name].knob.value, value) for name, value in values.items())

    def _queue(self, queued: InterventionQueued) -> InterventionQueued:
        self._revision += 1
        queued = msgspec.structs.replace(queued, number=self._take_number(), revision=self._revision)
        for name in (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps):
            self._entries[name].revision = self._revision
        self._history.queued(queued)
        return queued

    def _value_after_queue(self, name: str) -> Value:
        """Return a knob's value once the queue is applied."""
        queued_values = [c.new for queued in self._history.waiting for c in queued.changes if c.knob == name]
        return queued_values[-1] if queued_values else self._entries[name].knob.value

    def _is_pinned(self, name: str) -> bool:
        return self._entries[name].knob.pinned

    def _will_ramp(self, name: str) -> bool:
        """Return whether a knob is ramping once the queue is applied."""
        ramps = name in self._ramping
        for queued in self._history.waiting:
            if name in queued.unpin or name in queued.stop_ramps:
                ramps = False
            elif any(change.knob == name for change in queued.changes):
                ramps = queued.ramp is not None
        return ramps

    def _observe_applied(self, applied: InterventionApplied) -> InterventionApplied:
        """Take over the values read back; assign number and revision to the trainer's own changes."""
        # a resumed run continues at its checkpoint's revision
        self._revision = max(self._revision + (not applied.number), applied.revision)
        self.next_intervention = max(self.next_intervention, applied.number + 1)  # of a journal without its request
        if not applied.number:
            applied = msgspec.structs.replace(applied, number=self._take_number(), revision=self._revision)
        self._take_changes(applied.changes, applied.revision)
        for name in applied.pinned:
            self._describe(name, pinned=True)
        for name in applied.unpinned:
            self._describe(name, pinned=False)
        self._ramping -= {change.knob for change in applied.changes} | set(applied.stopped_ramps)
        if applied.ramp is not None:
            self._ramping |= set(applied.ramp.targets)
        self._history.applied(applied)
        return applied

    def _observe_ramp(self, advanced: RampAdvanced) -> RampAdvanced:
        """Assign a revision to a ramp's step; the knob counts as unchanged since the ramp was requested."""
        self._revision = max(self._revision + 1, advanced.revision)
        self._take_changes(advanced.changes, 0)
        self._ramping -= {name for name, left in advanced.iterations_left.items() if not left}
        return msgspec.structs.replace(advanced, revision=self._revision)

    def _take_changes(self, changes: tuple[Change, ...], revision: int) -> None:
        for change in changes:
            self._describe(change.knob, value=change.new)
            if change.knob in self._entries:
                entry = self._entries[change.knob]
                entry.revision = max(entry.revision, revision)  # a newer request may be queued

    def _describe(self, name: str, **fields: object) -> None:
        if name in self._entries:  # else it was in a part of the journal that is damaged
            entry = self._entries[name]
            entry.knob = msgspec.structs.replace(entry.knob, **fields)

    def _take_number(self) -> int:
        self.next_intervention += 1
        return self.next_intervention - 1
