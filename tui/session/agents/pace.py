"""Limits of how often agents may ask for changes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from curricula.errors import UserError

WINDOW_SECONDS = 60.0


class TooFast(UserError):
    """More requests than the settings allow; the message is one line."""


class Pace:
    """Allows at most `most` requests in any minute. Requests that it refuses count too little to be worth a try."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._times: deque[float] = deque(maxlen=most)

    def take(self) -> None:
        """Count a request. Raises `TooFast` instead, with the time to wait."""
        now = self._clock()
        if len(self._times) == self._most and (left := self._times[0] + WINDOW_SECONDS - now) > 0:
            raise TooFast(f"expected at most {self._most} requests for changes in a minute; retry in {left:.0f} s")
        self._times.append(now)


def check_changes(times: Iterable[float], most: int, now: float) -> None:
    """Raise `TooFast` if `most` changes by agents were made in the minute before `now`; all in Unix time (s).

    The times come from the journal, so that a new process can't change more.
    """
    recent = sorted(made for made in times if now - WINDOW_SECONDS < made <= now)
    if len(recent) >= most:
        left = recent[-most] + WINDOW_SECONDS - now
        raise TooFast(f"expected at most {most} changes by agents in a minute, got more; retry in {left:.0f} s")
