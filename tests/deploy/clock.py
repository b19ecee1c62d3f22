"""Time that passes only when somebody sleeps."""

from __future__ import annotations


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += max(seconds, 1e-5)
