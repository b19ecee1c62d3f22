"""Where requests are answered: valid ones are numbered and passed on, others refused with a reason.

Pure logic, no sockets: what it knows of the training it reads off the frames that pass by. It owns the numbers of
interventions and the revision, which grows with every change, accepted or made by the trainer.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from trainer_proc.contract.knob import Knob, Value, fitted, ramp_refusal, refusal, unknown_knob, value_text
from trainer_proc.contract.messages import (
    TERMINAL_PHASES,
    Change,
    CompetingWriterFound,
    ExportFailed,
    ExportFinished,
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
from trainer_proc.contract.requests import Command, Export, Ping, Redo, Refused, Stop, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.undo_history import UndoHistory, UndoRefused


@dataclass
class _Entry:
    """A knob with its value now; `revision` is that of its last change or request."""

    knob: Knob
    revision: int


class RequestValidator:
    """Answers the requests of one run."""

    def __init__(self, first_intervention: int = 1) -> None:
        """Know nothing yet: the environment is being built."""
        self.phase = PhaseChanged("building")
        self.has_iterated = False
        self._entries: dict[str, _Entry] = {}
        self._past = UndoHistory()
        self._ramping: set[str] = set()
        self._costs_told: set[str] = set()
        self._revision = 0
        self._next_intervention = first_intervention
        self._stopping = False
        self._exporting = False

    def observe(self, body: TrainerBody) -> TrainerBody:
        """Learn from what the trainer says; return it with its number and revision, which are given here."""
        match body:
            case PhaseChanged():
                self.phase = body
            case KnobsAvailable(revision=revision, knobs=knobs):
                self._revision = revision
                self._entries = {knob.name: _Entry(knob, revision) for knob in knobs}
            case InterventionApplied():
                return self._observe_applied(body)
            case InterventionFailed(number=number):
                self._past.failed(number)
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

    def answer(self, command: Command) -> InterventionQueued | Refused | None:
        """Return the intervention that a request becomes, a refusal (its `request_id` is 0), or None: accepted."""
        if isinstance(command, Ping):
            return None
        has_ended = self.phase.phase in TERMINAL_PHASES
        is_stopping = self._stopping or self.phase.phase == "stopping"
        if has_ended or (is_stopping and not isinstance(command, Stop)):
            ending = "has ended" if has_ended else "is stopping"
            return Refused(0, f"the training {ending}; nothing can be changed any more")
        if isinstance(command, Tune | Undo | Redo | Unpin | StopRamp):
            return self._answer_change(command)
        if isinstance(command, Export):
            if self._exporting:
                return Refused(0, "an export is already running; wait until it has finished")
            self._exporting = True
        self._stopping = self._stopping or isinstance(command, Stop)
        return None

    def cost(self, queued: InterventionQueued) -> str:
        """Return one line that warns of what the intervention costs, once a knob; empty as a rule."""
        names = [change.knob for change in queued.changes if change.knob not in self._costs_told]
        self._costs_told.update(names)
        return next((cost for name in names if (cost := self._entries[name].knob.cost)), "")

    def _answer_change(self, command: Tune | Undo | Redo | Unpin | StopRamp) -> InterventionQueued | Refused:
        if not self._entries:
            return Refused(0, "the environment is still being built; knobs can be changed once it trains")
        match command:
            case Tune():
                command = self._fitted(command)
                reason = self._refusal(command)
                changes = self._changes(command.values) if reason is None else ()
                queued = InterventionQueued(
                    0, command.origin, changes, command.note, when=command.when, ramp=command.ramp
                )
            case Undo() | Redo():
                try:
                    queued = self._past.again(command)
                except UndoRefused as refused:
                    return Refused(0, str(refused))
                reason = self._again_refusal(queued)
            case Unpin():
                reason = self._unpin_refusal(command.knobs)
                queued = InterventionQueued(0, "person", (), command.note, unpin=command.knobs)
            case StopRamp():
                reason = self._stop_ramp_refusal(command.knobs)
                queued = InterventionQueued(0, "person", (), command.note, stop_ramps=command.knobs)
        reason = reason or self._stale_refusal(queued, command.revision)
        return Refused(0, reason) if reason is not None else self._queue(queued)

    def _stale_refusal(self, queued: InterventionQueued, revision: int | None) -> str | None:
        if revision is None:
            return None
        if revision > self._revision:
            return f"there is no revision {revision} yet; the newest is {self._revision}"
        names = (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps)
        reasons = (self._stale(name, revision) for name in names)
        return next((reason for reason in reasons if reason is not None), None)

    def _fitted(self, tune: Tune) -> Tune:
        known = {name: self._entries[name].knob for name in tune.values if name in self._entries}
        values = {name: fitted(known[name], value) if name in known else value for name, value in tune.values.items()}
        return msgspec.structs.replace(tune, values=values)

    def _refusal(self, tune: Tune) -> str | None:
        if not tune.values:
            return "no knob was named"
        reasons = [self._value_refusal(name, value, tune.ramp) for name, value in tune.values.items()]
        return next((reason for reason in reasons if reason is not None), None)

    def _value_refusal(self, name: str, value: Value, ramp: Ramp | None) -> str | None:
        if name not in self._entries:
            return unknown_knob(name, list(self._entries))
        knob = self._entries[name].knob
        reason = refusal(knob, value)
        if reason is not None or ramp is None:
            return reason
        return ramp_refusal(knob, self._soon(name), value, ramp.iterations, ramp.shape)

    def _again_refusal(self, queued: InterventionQueued) -> str | None:
        """Values were in force before, so bounds are no matter; a ramp may begin elsewhere now."""
        if queued.ramp is None:
            return None
        iterations, shape = queued.ramp.iterations, queued.ramp.shape
        reasons = (
            ramp_refusal(self._entries[change.knob].knob, self._soon(change.knob), change.new, iterations, shape)
            for change in queued.changes
            if not queued.ramp.targets or change.knob in queued.ramp.targets
        )
        return next((reason for reason in reasons if reason is not None), None)

    def _stale(self, name: str, revision: int) -> str | None:
        entry = self._entries[name]
        if entry.revision <= revision:
            return None
        return (
            f"{name} has changed since revision {revision}: it is {value_text(self._soon(name))} since revision "
            f"{entry.revision}; look at it and ask again"
        )

    def _unpin_refusal(self, names: tuple[str, ...]) -> str | None:
        for name in names:
            if name not in self._entries:
                return unknown_knob(name, list(self._entries))
            if not self._entries[name].knob.pinned:
                return f"{name} is not pinned"
        return None if names else "no knob was named"

    def _stop_ramp_refusal(self, names: tuple[str, ...]) -> str | None:
        for name in names:
            if name not in self._entries:
                return unknown_knob(name, list(self._entries))
            if not self._will_ramp(name):
                return f"{name} is not on a ramp"
        return None if names else "no knob was named"

    def _changes(self, values: dict[str, Value]) -> tuple[Change, ...]:
        return tuple(Change(name, self._entries[name].knob.value, value) for name, value in values.items())

    def _queue(self, queued: InterventionQueued) -> InterventionQueued:
        self._revision += 1
        queued = msgspec.structs.replace(queued, number=self._take_number(), revision=self._revision)
        for name in (*(change.knob for change in queued.changes), *queued.unpin, *queued.stop_ramps):
            self._entries[name].revision = self._revision
        self._past.queued(queued)
        return queued

    def _soon(self, name: str) -> Value:
        """Return what a knob is to be once all that waits is applied."""
        asked = [change.new for queued in self._past.waiting for change in queued.changes if change.knob == name]
        return asked[-1] if asked else self._entries[name].knob.value

    def _will_ramp(self, name: str) -> bool:
        """Tell whether a knob is on a ramp once all that waits is applied."""
        ramps = name in self._ramping
        for queued in self._past.waiting:
            if name in queued.unpin or name in queued.stop_ramps:
                ramps = False
            elif any(change.knob == name for change in queued.changes):
                ramps = queued.ramp is not None
        return ramps

    def _observe_applied(self, applied: InterventionApplied) -> InterventionApplied:
        """Take over what is read back; number and date what the trainer did by itself."""
        self._revision = max(self._revision + (not applied.number), applied.revision)  # a checkpoint's is ahead
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
        self._past.applied(applied)
        return applied

    def _observe_ramp(self, advanced: RampAdvanced) -> RampAdvanced:
        """Date a ramp's step; the knob counts as unchanged since the ramp was asked for."""
        self._revision = max(self._revision + 1, advanced.revision)
        self._take_changes(advanced.changes, 0)
        self._ramping -= {name for name, left in advanced.iterations_left.items() if not left}
        return msgspec.structs.replace(advanced, revision=self._revision)

    def _take_changes(self, changes: tuple[Change, ...], revision: int) -> None:
        for change in changes:
            entry = self._entries[change.knob]
            entry.knob = msgspec.structs.replace(entry.knob, value=change.new)
            entry.revision = max(entry.revision, revision)  # something newer may be asked for already

    def _describe(self, name: str, **fields: object) -> None:
        entry = self._entries[name]
        entry.knob = msgspec.structs.replace(entry.knob, **fields)

    def _take_number(self) -> int:
        self._next_intervention += 1
        return self._next_intervention - 1
