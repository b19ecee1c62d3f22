"""The states of the last seconds, on an axis of simulated time."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from trainer_proc.contract.robot import RobotState, with_ground

SECONDS = 30.0
"""Simulated seconds that a live view keeps."""
_LONGEST_GAP = 0.5
"""Simulated seconds; a longer one between two states is cut out. A training faster than real time leaves some out."""
_MOST_STATES = 4000
"""Of a live view, however short the steps are."""


class RobotHistory:
    """States in the order of their steps. Times are seconds: the number of the step times its length, without gaps."""

    def __init__(self, step_seconds: float, seconds: float = SECONDS) -> None:
        """Keep states of the last `seconds`, all if infinite; steps last `step_seconds`. Both are positive."""
        self._step_seconds = step_seconds
        self._seconds = seconds
        self._states: list[RobotState] = []
        self._steps: list[int] = []
        self._left_out = 0

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, index: int) -> RobotState:
        return self._states[index]

    @property
    def first(self) -> float:
        """Time of the oldest state; 0 without states."""
        return self.time_of(0) if self._states else 0.0

    @property
    def last(self) -> float:
        """Time of the newest state; 0 without states."""
        return self.time_of(-1) if self._states else 0.0

    def time_of(self, index: int) -> float:
        """Return the time of a state."""
        return self._steps[index] * self._step_seconds

    def add(self, states: Iterable[RobotState]) -> bool:
        """Append states, and forget those that are too old.

        Return whether the history began anew: the steps went back, as those of a trainer that was started again do.
        """
        is_new = False
        for state in states:
            state = with_ground(state, self._states[-1] if self._states else None)
            if self._states and state == self._states[-1]:  # a paused training sends it to each new viewer
                continue
            if self._states and state.step <= self._states[-1].step:
                self.clear()
                is_new = True
            if self._states:
                missing = state.step - self._states[-1].step - 1
                self._left_out += missing if missing * self._step_seconds > _LONGEST_GAP else 0
            self._states.append(state)
            self._steps.append(state.step - self._left_out)
        if self._steps and math.isfinite(self._seconds):
            oldest = self._steps[-1] - self._seconds / self._step_seconds
            excess = max(bisect_left(self._steps, oldest), len(self._steps) - _MOST_STATES)
            if excess > 0:
                del self._states[:excess], self._steps[:excess]
        return is_new

    def clear(self) -> None:
        self._states.clear()
        self._steps.clear()
        self._left_out = 0

    def index_at(self, time: float) -> int:
        """Return the index of the newest state at or before `time`, of the oldest before all; -1 without states."""
        if not self._states:
            return -1
        # half of a millionth of a step: times are products of floats
        return max(bisect_right(self._steps, time / self._step_seconds + 5e-7) - 1, 0)

    def since(self, index: int, seconds: float) -> range:
        """Return the indices of the states of up to `seconds` before one, and itself, of the same episode."""
        if not 0 <= index < len(self._states):
            return range(0)
        begin = self.index_at(self.time_of(index) - seconds)
        for later in range(index, begin, -1):
            if self._begins_at(later):
                return range(later, index + 1)
        return range(begin, index + 1)

    def falls(self) -> list[float]:
        """Return the times of the states before which an episode ended early."""
        return [
            step * self._step_seconds
            for step, state in zip(self._steps, self._states, strict=True)
            if state.ended and not state.is_time_out
        ]

    def _begins_at(self, index: int) -> bool:
        """Return whether an episode begins at a state, or another environment."""
        state, before = self._states[index], self._states[index - 1]
        return bool(state.ended) or state.environment != before.environment or state.time < before.time
