"""rsl-rl's adaptive schedule, which writes the learning rate at every mini-batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_proc.knobs.algorithm import ADAPTIVE, LEARNING_RATE

NAME = "the adaptive schedule"


class AdaptiveSchedule:
    """Keeps the adaptive schedule from moving a learning rate that is held.

    While it is held, `algorithm.schedule` reads "fixed" for the length of an update (`PPO.update`), the only place
    that reads it.
    """

    def __init__(self, algorithm: Any, on_overwriter: Callable[[str, str, bool], None]) -> None:
        """Wrap `algorithm.update` on the instance.

        `on_overwriter(knob, writer, pinned)` hears of a schedule that becomes adaptive in the run.
        """
        self._algorithm = algorithm
        self._on_overwriter = on_overwriter
        self._update = algorithm.update
        self._held = False
        self._was_adaptive = self._is_adaptive
        algorithm.update = self._update_holding

    def overwriter_of(self, knob: str) -> str:
        """Return "the adaptive schedule" for the learning rate while the schedule is adaptive."""
        return NAME if knob == LEARNING_RATE and self._is_adaptive else ""

    def hold(self, knob: str) -> bool:
        """Keep the learning rate, if that is `knob`; return whether the schedule is adaptive."""
        if knob != LEARNING_RATE:
            return False
        self._held = True
        return self._is_adaptive

    def release(self, knob: str) -> None:
        """Let the schedule move the learning rate again, from where it is."""
        if knob == LEARNING_RATE:
            self._held = False

    def new_iteration(self) -> None:
        """Report the schedule if it has become adaptive."""
        if self._is_adaptive and not self._was_adaptive:
            self._on_overwriter(LEARNING_RATE, NAME, self._held)
        self._was_adaptive = self._is_adaptive

    @property
    def _is_adaptive(self) -> bool:
        return self._algorithm.schedule == ADAPTIVE and self._algorithm.desired_kl is not None

    def _update_holding(self) -> Any:
        if not (self._held and self._is_adaptive):
            return self._update()
        self._algorithm.schedule = "fixed"
        try:
            return self._update()
        finally:
            self._algorithm.schedule = ADAPTIVE
