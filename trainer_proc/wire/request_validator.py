"""Validates requests: valid ones are numbered and forwarded, others refused with a reason.

Pure logic without sockets; it learns the training's state from the frames that pass (`knob_ledger`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from trainer_proc.contract.knob import Value, fitted, ramp_refusal, refusal, unknown_knob, value_text
from trainer_proc.contract.messages import (
    TERMINAL_PHASES,
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    Origin,
    PhaseChanged,
    Ramp,
    RampAdvanced,
    TrainerBody,
)
from trainer_proc.contract.monitoring import CompetingWriterFound
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
from trainer_proc.contract.undo_history import UndoError
from trainer_proc.wire.knob_ledger import KnobLedger, named_knobs

_NO_WAY_BUT_STOP = "the policy is not finite, and there is no good checkpoint to reload: stop the training"
_NO_KNOB = "expected at least one knob, got none"


class RequestValidator:
    """Answers the requests of one run."""

    def __init__(self) -> None:
        self.phase = PhaseChanged("building")
        self.has_iterated = False
        self.ledger = KnobLedger()
        self._costs_shown: set[str] = set()
        self._stopping = False
        self._exporting = False

    def observe(self, body: TrainerBody) -> TrainerBody:
        """Update from a body of the trainer; return the body with number and revision, which are assigned here."""
        match body:
            case PhaseChanged():
                self.phase = body
            case KnobsAvailable():
                self.ledger.take_knobs(body)
            case InterventionApplied():
                return self.ledger.take_applied(body)
            case InterventionFailed(number=number):
                self.ledger.history.failed(number)
            case RampAdvanced():
                return self.ledger.take_ramp(body)
            case CompetingWriterFound(knob=name, competing_writer=competing_writer, pinned=pinned):
                self.ledger.describe(name, competing_writer=competing_writer, pinned=pinned)
            case IterationFinished():
                self.has_iterated = True
            case ExportFinished() | ExportFailed():
                self._exporting = False
            case _:
                pass
        return body

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
        return next((cost for name in names if (cost := self.ledger.entries[name].knob.cost)), "")

    def _answer_change(self, command: Tune | Undo | Redo | Unpin | StopRamp) -> InterventionQueued | Refused:
        if not self.ledger.entries:
            return Refused(0, "knobs are available after the environment is built; retry then")
        if excess := size_refusal(command):
            return Refused(0, excess)
        if len(self.ledger.history.waiting) >= MOST_WAITING:
            return Refused(0, f"{MOST_WAITING} changes wait for the next iteration; retry after it")
        match command:
            case Tune():
                command = self._fitted(command)
                reason = self._refusal(command)
                changes = self._changes(command) if reason is None else ()
                queued = _asked_by(
                    command, origin=command.origin, changes=changes, when=command.when, ramp=command.ramp
                )
            case Undo() | Redo():
                try:
                    queued = self.ledger.history.intervention_for(command)
                except UndoError as refused:
                    return Refused(0, str(refused))
                reason = self._repeated_ramp_refusal(queued)
            case Unpin():
                reason = self._state_refusal(command.knobs, self.ledger.is_pinned, "pinned")
                queued = _asked_by(command, unpin=command.knobs)
            case StopRamp():
                reason = self._state_refusal(command.knobs, self.ledger.will_ramp, "ramping")
                queued = _asked_by(command, stop_ramps=command.knobs)
        reason = reason or self._stale_refusal(queued, command.revision)
        return Refused(0, reason) if reason is not None else self.ledger.queue(queued)

    def _changes(self, tune: Tune) -> tuple[Change, ...]:
        entries = self.ledger.entries
        return tuple(Change(name, entries[name].knob.value, value) for name, value in tune.values.items())

    def _stale_refusal(self, queued: InterventionQueued, revision: int | None) -> str | None:
        if revision is None:
            return None
        if revision > self.ledger.revision:
            return f"no such revision: {revision}; the newest is {self.ledger.revision}"
        names = named_knobs(queued)
        reasons = (self._stale(name, revision) for name in names)
        return next((reason for reason in reasons if reason is not None), None)

    def _fitted(self, tune: Tune) -> Tune:
        known = {name: self.ledger.entries[name].knob for name in tune.values if name in self.ledger.entries}
        values = {name: fitted(known[name], value) if name in known else value for name, value in tune.values.items()}
        return msgspec.structs.replace(tune, values=values)

    def _refusal(self, tune: Tune) -> str | None:
        if not tune.values:
            return _NO_KNOB
        reasons = (self._value_refusal(name, value, tune.ramp) for name, value in tune.values.items())
        return next((reason for reason in reasons if reason is not None), None)

    def _value_refusal(self, name: str, value: Value, ramp: Ramp | None) -> str | None:
        if name not in self.ledger.entries:
            return unknown_knob(name, list(self.ledger.entries))
        knob = self.ledger.entries[name].knob
        reason = refusal(knob, value)
        if reason is not None or ramp is None:
            return reason
        return ramp_refusal(knob, self.ledger.value_after_queue(name), value, ramp.iterations, ramp.shape)

    def _repeated_ramp_refusal(self, queued: InterventionQueued) -> str | None:
        """Check only the ramp of an undo or redo: its values were in force before, its start may differ now."""
        if queued.ramp is None:
            return None
        iterations, shape = queued.ramp.iterations, queued.ramp.shape
        reasons = (
            ramp_refusal(
                self.ledger.entries[change.knob].knob,
                self.ledger.value_after_queue(change.knob),
                change.new,
                iterations,
                shape,
            )
            for change in queued.changes
            if not queued.ramp.targets or change.knob in queued.ramp.targets
        )
        return next((reason for reason in reasons if reason is not None), None)

    def _stale(self, name: str, revision: int) -> str | None:
        entry = self.ledger.entries[name]
        if entry.revision <= revision:
            return None
        value = value_text(self.ledger.value_after_queue(name))
        now = f"it is {value} since revision {entry.revision}"
        return f"{name} has changed since revision {revision}: {now}; check it and retry"

    def _state_refusal(self, names: tuple[str, ...], has_state: Callable[[str], bool], state: str) -> str | None:
        """Return why `names` are not all knobs in that `state`."""
        for name in names:
            if name not in self.ledger.entries:
                return unknown_knob(name, list(self.ledger.entries))
            if not has_state(name):
                return f"{name} is not {state}"
        return None if names else _NO_KNOB


def _asked_by(
    command: Tune | Unpin | StopRamp, *, origin: Origin = "person", changes: tuple[Change, ...] = (), **more: Any
) -> InterventionQueued:
    """Return the change that a command asks for, which has no number yet."""
    return InterventionQueued(number=0, origin=origin, changes=changes, note=command.note, agent=command.agent, **more)
