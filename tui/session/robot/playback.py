"""Play recorded or arriving states at simulated time, in slow motion, step by step, or from an earlier moment.

A training sends in bursts: some steps per iteration, then nothing while the policy is updated. So the position is a
time of its own. It waits at the newest state, and jumps ahead when it is too far behind.
"""

from __future__ import annotations

from typing import Literal

from tui.session.robot.history import RobotHistory

SPEEDS = (0.125, 0.25, 0.5, 1.0)
"""Simulated seconds per second."""
_FARTHEST_BEHIND = 3.0
"""Simulated seconds behind the newest state at which a live view jumps ahead."""
_AFTER_JUMP = 1.0
"""Simulated seconds behind the newest state after a jump: what is played while the next states come."""
_STARVED = 1.0
"""Seconds at the newest state after which a live view reports that it waits; a slow training sends step by step."""
_LONGEST_TICK = 0.5
"""Seconds: after a longer pause, as of a suspended program, playing goes on where it was."""
_BEFORE_FALL = 1.0
"""Simulated seconds before a fall at which it is worth watching."""
_SAME_MOMENT = 0.1

Mode = Literal["live", "playing", "waiting", "paused", "at end"]


class Playback:
    """A position in a history. `now` is the time of any clock that never runs backwards, in seconds."""

    def __init__(self, history: RobotHistory, *, is_live: bool) -> None:
        """Follow the newest states if `is_live`, else play the history from its beginning."""
        self.history = history
        self.speed = 1.0
        self.is_paused = False
        self._follows = is_live
        self.is_live = is_live
        """Whether states may still come; a training's are a recording once it has ended."""
        self._position: float | None = None
        self._ticked: float | None = None
        self._starved = 0.0

    @property
    def position(self) -> float:
        """Time shown, within that of the history."""
        if self._position is None:
            return self.history.last if self.is_live else self.history.first
        return min(max(self._position, self.history.first), self.history.last)

    @property
    def index(self) -> int:
        """Index in the history of the state shown; -1 without states."""
        return self.history.index_at(self.position)

    @property
    def behind(self) -> float:
        """Simulated seconds from the shown state to the newest."""
        return self.history.last - self.position

    @property
    def mode(self) -> Mode:
        """What happens now; `live` while it follows the newest states."""
        if self.is_paused:
            return "paused"
        if not self.is_live:
            return "at end" if self.behind <= 0 else "playing"
        if not self._follows:
            return "playing"
        return "waiting" if self._starved >= _STARVED else "live"

    def arrived(self, is_new: bool) -> None:
        """Take notice of new states; `is_new` if the history began anew."""
        if is_new:
            self.restart()

    def restart(self) -> None:
        """Forget the position: the history is of something else now."""
        self._position = None
        self._follows = self.is_live

    def tick(self, now: float) -> None:
        """Move on by the time since the last call."""
        before, self._ticked = self._ticked, now
        if not len(self.history):
            return
        if self._position is None:
            self._position = self.position
        if self.is_paused or before is None:
            return
        elapsed = min(max(now - before, 0.0), _LONGEST_TICK)
        self._starved = self._starved + elapsed if self.behind <= 0 else 0.0
        # from within the history: the oldest states may have left it
        self._position = min(self.position + elapsed * self.speed, self.history.last)
        if self._follows and self.speed == 1.0 and self.behind > _FARTHEST_BEHIND:
            self._position = self.history.last - _AFTER_JUMP
        if self.is_live and self.behind <= 0:
            self._follows = True

    def toggle_pause(self) -> None:
        """Pause, or go on; from the beginning if a recording had ended."""
        if self.mode == "at end":
            self.go_to(self.history.first)
        else:
            self.is_paused = not self.is_paused

    def change_speed(self, by: int) -> None:
        """Choose the next faster speed (1) or the next slower one (-1)."""
        place = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]

    def step(self, by: int) -> None:
        """Pause and go forwards or back by states."""
        self.is_paused = True
        if (index := self.index) >= 0:
            self.go_to(self.history.time_of(min(max(index + by, 0), len(self.history) - 1)))

    def scrub(self, seconds: float) -> None:
        """Go forwards or back by simulated seconds."""
        self.go_to(self.position + seconds)

    def go_to(self, time: float) -> None:
        """Show a time, at most the ends of the history; there, a live view plays on without jumping ahead."""
        self._position = min(max(time, self.history.first), self.history.last)
        self._follows = self.is_live and self._position >= self.history.last

    def go_to_fall(self, direction: int) -> bool:
        """Go to some time before the nearest fall earlier (-1) or later (1); return whether there is one."""
        moments = self.history.falls()
        falls = [time - _BEFORE_FALL for time in moments]
        if direction < 0:
            falls = [time for time in reversed(falls) if time < self.position - _SAME_MOMENT]
        else:
            falls = [time for time in falls if time > self.position + _SAME_MOMENT]
        if falls:
            self.go_to(falls[0])
        # what leads to the only later fall may be on the screen already
        return bool(falls) or (direction > 0 and any(time > self.position for time in moments))

    def go_live(self) -> None:
        """Show the newest state and follow; of a recording, the last one."""
        self.is_paused = False
        self.go_to(self.history.last)
