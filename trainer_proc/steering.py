"""The one writer: every change to a running training passes through here, between two PPO iterations.

Requests have been validated and answered by the wire process (`wire.desk`) before they arrive. What is left to do is
carried out at the iteration boundary, so that no rollout is half old and half new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from trainer_proc.knobs.live import LiveKnob
from trainer_proc.wire.desk import refusal, unknown_knob
from trainer_proc.wire.link import TrainerLink
from trainer_proc.wire.messages import (
    Change,
    Export,
    InterventionApplied,
    InterventionQueued,
    KnobsAvailable,
    Pause,
    PhaseChanged,
    PhaseName,
    Resume,
    Save,
    Stop,
)

_SIGNAL_CHECK_SECONDS = 0.5
"""How long a paused training may overlook a stop that came as a signal."""


class TrainingStopped(BaseException):
    """Unwinds the training after a stop; no `Exception`, so that no library's handler swallows it."""


class LaunchValueRefused(ValueError):
    """A value that the launch asked for can't be set; the message is one line."""


@dataclass(frozen=True)
class Actions:
    """What a boundary can do beside turning knobs; each takes the iteration just finished."""

    save: Callable[[int], None]
    export: Callable[[int], None]


class Steering:
    """Holds the knobs and what was asked for. Used by the training thread only."""

    def __init__(self, link: TrainerLink) -> None:
        """Take orders from `link` and publish through it."""
        self._link = link
        self._phase = PhaseChanged("building")
        self._knobs: dict[str, LiveKnob] = {}
        self._launch_values: dict[str, float] = {}
        self._revision = 0
        self._queue: list[InterventionQueued] = []
        self._pause = self._stop = self._save = self._export = False
        self.is_iterating = False
        """Whether the first iteration has begun; before it, a stop interrupts the build."""

    def enter(self, phase: PhaseName, detail: str = "", kernel_modules: int | None = None) -> None:
        """Publish a phase, if it is a new one. `kernel_modules` None keeps the count of before."""
        modules = self._phase.kernel_modules if kernel_modules is None else kernel_modules
        entered = PhaseChanged(phase, detail, modules)
        if entered != self._phase:
            self._phase = entered
            self._link.emit(entered)

    def kernel_module_loaded(self, detail: str, count: int) -> None:
        """Publish a kernel module that the simulator compiled or loaded."""
        self.enter("compiling", detail, count)

    def offer(self, knobs: list[LiveKnob], launch_values: dict[str, float]) -> None:
        """Publish the built environment's knobs; `launch_values` are set before the first iteration.

        Raises `LaunchValueRefused`.
        """
        self._knobs = {knob.name: knob for knob in knobs}
        for name, value in launch_values.items():
            reason = (
                refusal(self._knobs[name].description, value)
                if name in self._knobs
                else unknown_knob(name, list(self._knobs))
            )
            if reason is not None:
                raise LaunchValueRefused(reason)
        self._launch_values = launch_values
        described = (msgspec.structs.replace(knob.description, value=knob.read()) for knob in knobs)
        self._link.emit(KnobsAvailable(self._revision, tuple(described)))

    def start_iterating(self, first_iteration: int) -> None:
        """Set the launch values; from now on a stop waits for a boundary."""
        self.is_iterating = True
        if self._launch_values:
            changes = tuple(Change(name, 0.0, value) for name, value in self._launch_values.items())
            self._apply(InterventionQueued(0, "launch", changes, "set at launch"), first_iteration)
        self.enter("training")

    def at_boundary(self, iteration: int, actions: Actions) -> None:
        """Carry out what was asked for since the last boundary; returns at once if that is nothing.

        Blocks while paused. Raises `TrainingStopped` after a stop, once `actions.save` has saved a checkpoint.
        """
        self._receive(timeout_seconds=0.0)
        self._act(iteration, actions)
        while self._pause and not self._stop:
            self.enter("paused", f"after iteration {iteration}")
            self._receive(timeout_seconds=_SIGNAL_CHECK_SECONDS)
            self._act(iteration, actions)
        if not self._stop:
            self.enter("training")
            return
        self.enter("stopping", "saving a checkpoint")
        actions.save(iteration)
        raise TrainingStopped

    def request_stop(self) -> None:
        """Ask for a stop at the next boundary, as `Stop` does; safe inside a signal handler."""
        self._stop = True

    def _receive(self, timeout_seconds: float) -> None:
        for order in self._link.receive(timeout_seconds):
            match order:
                case InterventionQueued():
                    self._queue.append(order)
                case Pause():
                    self._pause = True
                case Resume():
                    self._pause = False
                case Save():
                    self._save = True
                case Export():
                    self._export = True
                case Stop():
                    self._stop = True
                case _:
                    pass

    def _act(self, iteration: int, actions: Actions) -> None:
        for queued in self._queue:
            self._apply(queued, iteration + 1)
        self._queue.clear()
        if self._save:
            self._save = False
            actions.save(iteration)
        if self._export:
            self._export = False
            actions.export(iteration)

    def _apply(self, queued: InterventionQueued, iteration: int) -> None:
        changes = tuple(self._turn(change.knob, change.new) for change in queued.changes)
        self._revision += 1
        self._link.emit(
            InterventionApplied(queued.number, queued.origin, iteration, self._revision, changes, queued.note)
        )

    def _turn(self, name: str, value: float) -> Change:
        """Write a knob; the change tells what is read back, not what was asked for."""
        knob = self._knobs[name]
        old = knob.read()
        knob.write(value)
        return Change(name, old, knob.read())
