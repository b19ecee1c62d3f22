"""Limits the states that are sent to about real time, which is all that a viewer can show."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAD_SECONDS = 2.0
"""Simulated time that is sent at once before the viewer gets time to play it."""


class Pace:
    """Sends every state of a stretch of time, then none until real time has caught up.

    A training that steps one environment slower than in real time is never limited.
    """

    def __init__(self, step_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`step_seconds` is the simulated time of a step; `clock` is in seconds."""
        self._step_seconds = step_seconds
        self._clock = clock
        self._last = clock()
        self._lead = 0.0
        self._is_waiting = False

    def is_due(self) -> bool:
        """Return whether to send the state of the step just done; call it once a step."""
        now = self._clock()
        self._lead = max(self._lead - (now - self._last), 0.0)
        self._last = now
        if self._is_waiting:
            self._is_waiting = self._lead > 0.0
        if self._is_waiting:
            return False
        self._lead += self._step_seconds
        self._is_waiting = self._lead > LEAD_SECONDS
        return True
