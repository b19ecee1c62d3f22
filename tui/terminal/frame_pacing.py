"""When to draw the next frame, and how much of it: at most so many a second, and less when the terminal is behind."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_WINDOW_SECONDS = 3.0


@dataclass(frozen=True)
class FrameRates:
    """What was drawn in the last seconds. `is_throttled` tells that it would be more if the terminal weren't behind."""

    frames_per_second: float
    bytes_per_second: float
    is_throttled: bool


class FramePacer:
    """Decides when frames begin. Times are seconds of one clock that never goes back."""

    def __init__(self, frames_per_second: float) -> None:
        self.frames_per_second = frames_per_second
        """Most frames a second; positive, and may be changed."""
        self._began = -math.inf  # when the last frame was to begin
        self._frames: deque[float] = deque()
        self._bytes: deque[tuple[float, int]] = deque()
        self._throttled_at = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until another frame may begin, 0 or less if it may now."""
        return self._began + 1 / self.frames_per_second - now

    def begin(self, now: float) -> None:
        """Take in that a frame begins; a little lateness is made up for by the next."""
        interval = 1 / self.frames_per_second
        due = self._began + interval
        self._began = due if due <= now < due + interval else now
        self._frames.append(now)

    def throttled(self, now: float) -> None:
        """Take in that a frame, or a part of one, has to wait for the terminal."""
        self._throttled_at = now

    def rates(self, written: int, now: float) -> FrameRates:
        """Return what was drawn lately, `written` bytes since the start; to be asked once a second meanwhile."""
        since = now - _WINDOW_SECONDS
        while self._frames and self._frames[0] < since:
            self._frames.popleft()
        self._bytes.append((now, written))
        while len(self._bytes) > 1 and self._bytes[1][0] <= since:
            self._bytes.popleft()
        (began, written), (ended, by_now) = self._bytes[0], self._bytes[-1]
        speed = (by_now - written) / (ended - began) if ended > began else 0.0
        return FrameRates(len(self._frames) / _WINDOW_SECONDS, speed, now - self._throttled_at < _WINDOW_SECONDS)
