"""Decide when the next frame may begin: at a limited rate, and less often while the terminal lags behind.

Textual 8.2.8 repaints up to 60 times a second (`TEXTUAL_FPS`) whatever the terminal can take; no upstream issue is
known.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_WINDOW_SECONDS = 3.0


@dataclass(frozen=True)
class FrameRates:
    """Drawing rates of the last 3 seconds; `is_throttled` if a frame had to wait for the terminal."""

    frames_per_second: float
    bytes_per_second: float
    is_throttled: bool


class FramePacer:
    """Decides when frames begin. All times are seconds of one monotonic clock."""

    def __init__(self, frames_per_second: float) -> None:
        self.frames_per_second = frames_per_second
        """Highest frame rate, positive; may be changed."""
        self._began = -math.inf  # when the last frame was due
        self._frames: deque[float] = deque()
        self._bytes: deque[tuple[float, int]] = deque()
        self._throttled_at = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until the next frame may begin; 0 or less if it may begin now."""
        return self._began + 1 / self.frames_per_second - now

    def begin(self, now: float) -> None:
        """Record that a frame begins; the next one makes up for a small delay."""
        interval = 1 / self.frames_per_second
        due = self._began + interval
        self._began = due if due <= now < due + interval else now
        self._frames.append(now)

    def throttled(self, now: float) -> None:
        """Record that a frame, or a part of one, has to wait for the terminal."""
        self._throttled_at = now

    def is_throttled(self, now: float) -> bool:
        """Return whether a frame had to wait for the terminal in the last 3 seconds."""
        return now - self._throttled_at < _WINDOW_SECONDS

    def rates(self, written: int, now: float) -> FrameRates:
        """Return the recent rates; `written` is the bytes written since the start. Call it once a second."""
        since = now - _WINDOW_SECONDS
        while self._frames and self._frames[0] < since:
            self._frames.popleft()
        if self._bytes and written < self._bytes[-1][1]:
            self._bytes.clear()  # a program that was stopped, with Ctrl+Z, begins to count again
        self._bytes.append((now, written))
        while len(self._bytes) > 1 and self._bytes[1][0] <= since:
            self._bytes.popleft()
        (began, written), (ended, by_now) = self._bytes[0], self._bytes[-1]
        speed = (by_now - written) / (ended - began) if ended > began else 0.0
        return FrameRates(len(self._frames) / _WINDOW_SECONDS, speed, self.is_throttled(now))
