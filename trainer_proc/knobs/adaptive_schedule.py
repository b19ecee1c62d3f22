"""The schedule of the learning rate, which writes it in every update; rsl-rl's adaptive one at every mini-batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED, LEARNING_RATE, LINEAR


class AdaptiveSchedule:
    """Keeps the schedule from moving a learning rate that is held.

    While it is held, `algorithm.schedule` reads "fixed" for the length of an update (`PPO.update`), the only place
    that reads it.
    """

    def __init__(self, algorithm: Any, on_competing_writer: Callable[[str, str, bool], None]) -> None:
        """Wrap `algorithm.update` on the instance.

        `on_competing_writer(knob, writer, pinned)` hears of a schedule that begins to move the rate in the run.
        """
        self._algorithm = algorithm
        self._on_competing_writer = on_competing_writer
        self._update = algorithm.update
        self._held = False
        self._last = self._moving
        algorithm.update = self._update_holding

    def competing_writer_of(self, knob: str) -> str:
        """Return which schedule moves the learning rate: "the adaptive schedule"."""
        return self._moving if knob == LEARNING_RATE else ""

    def hold(self, knob: str) -> bool:
        """Keep the learning rate, if that is `knob`; return whether a schedule moves it."""
        if knob != LEARNING_RATE:
            return False
        self._held = True
        return bool(self._moving)

    def release(self, knob: str) -> None:
        """Let the schedule move the learning rate again, from where it is."""
        if knob == LEARNING_RATE:
            self._held = False

    def new_iteration(self) -> None:
        """Report the schedule if it has begun to move the rate."""
        if self._moving and not self._last:
            self._on_competing_writer(LEARNING_RATE, self._moving, self._held)
        self._last = self._moving

    @property
    def _moving(self) -> str:
        """Name the schedule that moves the rate, if one does."""
        schedule = self._algorithm.schedule
        moves = schedule == LINEAR or (schedule == ADAPTIVE and self._algorithm.desired_kl is not None)
        return f"the {schedule} schedule" if moves else ""

    def _update_holding(self) -> Any:
        if not (self._held and self._moving):
            return self._update()
        present, self._algorithm.schedule = self._algorithm.schedule, FIXED
        try:
            return self._update()
        finally:
            self._algorithm.schedule = present
