"""The schedule of the learning rate, a competing writer in every update; rsl-rl's writes at every mini-batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED, LEARNING_RATE, LINEAR


class AdaptiveSchedule:
    """Keeps the schedule from changing a held learning rate.

    While it is held, `algorithm.schedule` reads "fixed" during an update (`PPO.update`), the only place that reads it.
    """

    def __init__(self, algorithm: Any, on_competing_writer: Callable[[str, str, bool], None]) -> None:
        """Wrap `algorithm.update` on the instance.

        `on_competing_writer(knob, writer, pinned)` is called when a schedule starts to change the rate during the run.
        """
        self._algorithm = algorithm
        self._on_competing_writer = on_competing_writer
        self._update = algorithm.update
        self._held = False
        self._last = self._active_schedule
        algorithm.update = self._update_holding

    def competing_writer_of(self, knob: str) -> str:
        """Return the schedule that changes the learning rate, such as "the adaptive schedule"; else empty."""
        return self._active_schedule if knob == LEARNING_RATE else ""

    def hold(self, knob: str) -> bool:
        """Keep the learning rate, if that is `knob`; return whether a schedule changes it."""
        if knob != LEARNING_RATE:
            return False
        self._held = True
        return bool(self._active_schedule)

    def release(self, knob: str) -> None:
        """Let the schedule change the learning rate again, from its present value."""
        if knob == LEARNING_RATE:
            self._held = False

    def new_iteration(self) -> None:
        """Report the schedule if it has started to change the rate."""
        if self._active_schedule and not self._last:
            self._on_competing_writer(LEARNING_RATE, self._active_schedule, self._held)
        self._last = self._active_schedule

    @property
    def _active_schedule(self) -> str:
        """The schedule that changes the rate; empty if none does."""
        schedule = getattr(self._algorithm, "schedule", None)
        moves = schedule == LINEAR or (
            schedule == ADAPTIVE and getattr(self._algorithm, "desired_kl", None) is not None
        )
        return f"the {schedule} schedule" if moves else ""

    def _update_holding(self, *args: Any, **kwargs: Any) -> Any:
        if not (self._held and self._active_schedule):
            return self._update(*args, **kwargs)
        present, self._algorithm.schedule = self._algorithm.schedule, FIXED
        try:
            return self._update(*args, **kwargs)
        finally:
            self._algorithm.schedule = present
