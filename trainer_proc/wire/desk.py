"""Where requests are answered: valid ones are numbered and passed on, others refused with a reason.

Pure logic, no sockets: what it knows of the training it reads off the frames that pass by.
"""

from __future__ import annotations

import difflib
import math

import msgspec

from trainer_proc.wire.messages import (
    TERMINAL_PHASES,
    Change,
    Command,
    Export,
    ExportFailed,
    ExportFinished,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    Knob,
    KnobsAvailable,
    PhaseChanged,
    Ping,
    Refused,
    Stop,
    TrainerBody,
    Tune,
)


def refusal(knob: Knob, value: float) -> str | None:
    """Return why `knob` can't take `value`, as one line, or None if it can."""
    if knob.read_only:
        return f"{knob.name} can't be changed: {knob.read_only}"
    if not math.isfinite(value):
        return f"{knob.name} must be a finite number, not {value}"
    if knob.minimum is not None and value < knob.minimum:
        return f"{knob.name} must be at least {knob.minimum:g}, not {value:g}"
    if knob.maximum is not None and value > knob.maximum:
        return f"{knob.name} must be at most {knob.maximum:g}, not {value:g}"
    return None


def unknown_knob(name: str, knobs: list[str]) -> str:
    """Return the one line that says that `name` is none of `knobs`, with the nearest."""
    nearest = difflib.get_close_matches(name, knobs, n=3, cutoff=0.4)
    return f"there is no knob {name}" + (f"; nearest: {', '.join(nearest)}" if nearest else "")


class Desk:
    """Answers the requests of one run."""

    def __init__(self) -> None:
        """Know nothing yet: the environment is being built."""
        self.phase = PhaseChanged("building")
        self.has_iterated = False
        self._knobs: dict[str, Knob] = {}
        self._revision = 0
        self._next_intervention = 1
        self._stopping = False
        self._exporting = False

    def observe(self, body: TrainerBody) -> TrainerBody:
        """Learn from what the trainer says; return it, with a number if it is an intervention of the trainer's own."""
        match body:
            case PhaseChanged():
                self.phase = body
            case KnobsAvailable(revision=revision, knobs=knobs):
                self._revision = revision
                self._knobs = {knob.name: knob for knob in knobs}
            case InterventionApplied():
                return self._observe_applied(body)
            case IterationFinished():
                self.has_iterated = True
            case ExportFinished() | ExportFailed():
                self._exporting = False
            case _:
                pass
        return body

    def answer(self, command: Command) -> InterventionQueued | Refused | None:
        """Return the intervention that a `Tune` becomes, a refusal (its `request_id` is 0), or None: accepted."""
        if isinstance(command, Ping):
            return None
        has_ended = self.phase.phase in TERMINAL_PHASES
        is_stopping = self._stopping or self.phase.phase == "stopping"
        if has_ended or (is_stopping and not isinstance(command, Stop)):
            ending = "has ended" if has_ended else "is stopping"
            return Refused(0, f"the training {ending}; nothing can be changed any more")
        match command:
            case Tune():
                reason = self._refusal(command)
                return Refused(0, reason) if reason is not None else self._queued(command)
            case Export():
                if self._exporting:
                    return Refused(0, "an export is already running; wait until it has finished")
                self._exporting = True
            case Stop():
                self._stopping = True
            case _:
                pass
        return None

    def _refusal(self, tune: Tune) -> str | None:
        if not self._knobs:
            return "the environment is still being built; knobs can be changed once it trains"
        if tune.revision is not None and tune.revision != self._revision:
            return f"the knobs have changed since revision {tune.revision}; look at revision {self._revision} first"
        if not tune.values:
            return "no knob was named"
        reasons = (
            refusal(self._knobs[name], value) if name in self._knobs else unknown_knob(name, list(self._knobs))
            for name, value in tune.values.items()
        )
        return next((reason for reason in reasons if reason is not None), None)

    def _queued(self, tune: Tune) -> InterventionQueued:
        changes = tuple(Change(name, self._knobs[name].value, value) for name, value in tune.values.items())
        return InterventionQueued(self._take_number(), tune.origin, changes, tune.note)

    def _observe_applied(self, applied: InterventionApplied) -> InterventionApplied:
        self._revision = applied.revision
        for change in applied.changes:
            self._knobs[change.knob] = msgspec.structs.replace(self._knobs[change.knob], value=change.new)
        return applied if applied.number else msgspec.structs.replace(applied, number=self._take_number())

    def _take_number(self) -> int:
        self._next_intervention += 1
        return self._next_intervention - 1
