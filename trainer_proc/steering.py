"""The one writer: every change to a running training passes through here.

The wire's thread asks (`answer`): a command is validated and queued, or refused, within microseconds. The training
thread carries out (`at_boundary`), between two PPO iterations, so that no rollout is half old and half new.
"""

from __future__ import annotations

import difflib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from trainer_proc.knobs.live import LiveKnob
from trainer_proc.wire.messages import (
    TERMINAL_PHASES,
    Body,
    Change,
    Command,
    Export,
    InterventionApplied,
    InterventionQueued,
    Knob,
    KnobsAvailable,
    Pause,
    PhaseChanged,
    PhaseName,
    Ping,
    Resume,
    Save,
    Stop,
    Tune,
)

_SIGNAL_CHECK_SECONDS = 0.5
"""How long a paused training may overlook a stop that came as a signal, which can't notify a condition."""


class TrainingStopped(BaseException):
    """Unwinds the training after a stop; no `Exception`, so that no library's handler swallows it."""


@dataclass(frozen=True)
class Actions:
    """What a boundary can do beside turning knobs, on the training thread; each takes the iteration just finished."""

    save: Callable[[int], None]
    export: Callable[[int], None]


class Steering:
    """Holds the knobs, the queue of interventions and what was asked for; one lock guards them all."""

    def __init__(self, emit: Callable[[Body], None], stop_building: Callable[[], None]) -> None:
        """Start in phase `building`, which is not published yet. `stop_building` interrupts a build or compilation on the training thread."""
        self._emit = emit
        self._stop_building = stop_building
        self._changed = threading.Condition()
        self._phase = PhaseChanged("building")
        self._knobs: dict[str, LiveKnob] = {}
        self._values: dict[str, float] = {}
        self._revision = 0
        self._queue: deque[InterventionQueued] = deque()
        self._next_intervention = 1
        self._pause = self._stop = self._save = self._export = False
        self._exporting = False
        self._iterating = False

    # --- the wire's thread ---

    def answer(self, command: Command) -> str | int | None:
        """Queue the command and return None (or the intervention's number), or return why it is refused."""
        with self._changed:
            if isinstance(command, Ping):
                return None
            if self._phase.phase in TERMINAL_PHASES or (self._stop and not isinstance(command, Stop)):
                return f"the training is {'stopping' if self._stop else self._phase.phase}; nothing can be changed"
            if isinstance(command, Tune):
                return self._queue_tune(command)
            refusal = self._note(command)
            self._changed.notify_all()
            return refusal

    def _note(self, command: Command) -> str | None:
        match command:
            case Pause():
                self._pause = True
            case Resume():
                self._pause = False
            case Save():
                self._save = True
            case Export():
                if self._exporting or self._export:
                    return "an export is already running; wait until it has finished"
                self._export = True
            case Stop():
                self._stop = True
                if not self._iterating:
                    self._stop_building()
        return None

    def _queue_tune(self, tune: Tune) -> str | int:
        if not self._knobs:
            return "the environment is still being built; knobs can be changed once it trains"
        if tune.revision is not None and tune.revision != self._revision:
            return f"the knobs have changed since revision {tune.revision}; look at revision {self._revision} first"
        if not tune.values:
            return "no knob was named"
        for name, value in tune.values.items():
            refusal = self._refusal(name, value)
            if refusal is not None:
                return refusal
        changes = tuple(Change(name, self._values[name], value) for name, value in tune.values.items())
        queued = InterventionQueued(self._next_intervention, tune.origin, changes, tune.note)
        self._next_intervention += 1
        self._queue.append(queued)
        self._emit(queued)
        self._changed.notify_all()
        return queued.number

    def _refusal(self, name: str, value: float) -> str | None:
        knob = self._knobs.get(name)
        if knob is not None:
            return knob.refusal(value)
        nearest = difflib.get_close_matches(name, self._knobs, n=3, cutoff=0.4)
        return f"there is no knob {name}" + (f"; nearest: {', '.join(nearest)}" if nearest else "")

    # --- the training thread ---

    def enter(self, phase: PhaseName, detail: str = "", kernel_modules: int | None = None) -> None:
        """Publish a phase, if it is a new one. `kernel_modules` None keeps the count of before."""
        with self._changed:
            modules = self._phase.kernel_modules if kernel_modules is None else kernel_modules
            entered = PhaseChanged(phase, detail, modules)
            if entered != self._phase:
                self._phase = entered
                self._emit(entered)

    def kernel_module_loaded(self, detail: str, count: int) -> None:
        """Publish a kernel module that the simulator compiled or loaded."""
        with self._changed:
            self._phase = PhaseChanged("compiling", detail, count)
            self._emit(self._phase)

    def offer(self, knobs: list[LiveKnob], launch_values: dict[str, float]) -> None:
        """Publish the built environment's knobs and queue the values that the launch asked for.

        Raises `ValueError` with one line if a launch value is refused.
        """
        with self._changed:
            self._knobs = {knob.name: knob for knob in knobs}
            self._values = {knob.name: knob.read() for knob in knobs}
            self._emit(KnobsAvailable(self._revision, self._described()))
            if launch_values:
                answer = self._queue_tune(Tune(launch_values, note="set at launch", origin="launch"))
                if isinstance(answer, str):
                    raise ValueError(answer)

    def start_iterating(self, first_iteration: int) -> None:
        """Apply what was queued during the build; from now on a stop waits for a boundary."""
        with self._changed:
            if self._stop:
                raise TrainingStopped
            self._iterating = True
        self._apply_queue(first_iteration)
        self.enter("training")

    def at_boundary(self, iteration: int, actions: Actions) -> None:
        """Carry out what was asked for since the last boundary; returns at once if that is nothing.

        Blocks while paused. Raises `TrainingStopped` after a stop, once `actions.save` has saved a checkpoint.
        """
        while not self._stop:
            self._apply_queue(iteration + 1)
            self._act(iteration, actions)
            with self._changed:
                if self._queue or self._save or self._export or self._stop:
                    continue
                if not self._pause:
                    self.enter("training")
                    return
                self.enter("paused", f"after iteration {iteration}")
                self._changed.wait(timeout=_SIGNAL_CHECK_SECONDS)
        self.enter("stopping", "saving a checkpoint")
        actions.save(iteration)
        raise TrainingStopped

    def request_stop(self) -> None:
        """Ask for a stop at the next boundary, as `Stop` does; safe inside a signal handler of this thread."""
        self._stop = True

    def export_ended(self) -> None:
        """Let the next export in; called by the export's thread."""
        with self._changed:
            self._exporting = False

    @property
    def is_iterating(self) -> bool:
        """Tell whether the first iteration has begun."""
        return self._iterating

    def _act(self, iteration: int, actions: Actions) -> None:
        """Save and export outside the lock: both take longer than a request may wait for its answer."""
        with self._changed:
            save, export = self._save, self._export
            self._save = self._export = False
            self._exporting = self._exporting or export
        if save:
            actions.save(iteration)
        if export:
            actions.export(iteration)

    def _apply_queue(self, iteration: int) -> None:
        """Apply interventions one by one, each whole, outside the lock but for the bookkeeping."""
        while self._queue:
            queued = self._queue.popleft()
            applied = tuple(self._apply(change) for change in queued.changes)
            with self._changed:
                self._values.update({change.knob: change.new for change in applied})
                self._revision += 1
            self._emit(
                InterventionApplied(queued.number, queued.origin, iteration, self._revision, applied, queued.note)
            )

    def _apply(self, change: Change) -> Change:
        knob = self._knobs[change.knob]
        old = knob.read()
        knob.write(change.new)
        return Change(change.knob, old, knob.read())

    def _described(self) -> tuple[Knob, ...]:
        return tuple(msgspec.structs.replace(k.description, value=self._values[k.name]) for k in self._knobs.values())
