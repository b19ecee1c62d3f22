"""How much more may be drawn now, so that a key's own picture has next to nothing before it.

A terminal is read by a process that may be slow (an SSH connection, say), and what it has not read yet waits in queues
that nobody tells of: 16 KiB in a pseudo-terminal of Linux, much more in an SSH connection. Two things tell about them:

- The terminal can be asked for the cursor's position now and then; once it answers, it has seen all that was written
  before the question (`AnswerWindow`). This sees through every queue.
- A terminal that doesn't answer fills its queue and then takes no more until something was read: how much it takes
  while it is full tells its speed, by which the queue is then thought to empty (`QueueEstimate`).
"""

from __future__ import annotations

import math
from collections import deque

TARGET_SECONDS = 0.05
"""How long what is drawn by itself may keep the terminal busy."""
QUEUE_BYTES = 16 * 1024
"""What a full pseudo-terminal of Linux holds; less elsewhere, which only makes us wait a little longer."""
_QUEUE_STEP = QUEUE_BYTES / 4
"""So much is read from it, on Linux, until it says that there is room."""
_FIRST_WINDOW, _SMALLEST_WINDOW, _LARGEST_WINDOW = 16_000.0, 1_000.0, 256_000.0
_LONGEST_ANSWER_SECONDS = 3.0
"""A question that waits longer was lost, as when a terminal is attached anew, or the terminal never answers any."""
_QUEUED_SECONDS = 0.03
"""An answer that is slower than the fastest by less has waited for nothing."""
_DRAIN_EVERY_SECONDS = 20.0
_FULL_SECONDS = 0.02
"""Who waits shorter for room has waited for the other process to be scheduled."""
_STALLED_SECONDS = 1.0
_SAMPLE_SECONDS = 0.1
_LESS = 0.6
_CAUTION = 0.9
"""The share of its speed that a queue is thought to empty with: what is measured too high would add up for ever."""
_SOON_SECONDS, _FIRST_TRY_SECONDS, _LONGEST_TRY_SECONDS = 2.0, 30.0, 240.0
_AWAY_SECONDS = 5.0
"""After so long without a key, nobody is thought to wait for one's picture."""


class Throughput:
    """The way from the program to the terminal. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self.written = 0
        """Bytes written so far."""
        self._unwritten = 0
        self._answers = AnswerWindow()
        self._queue = QueueEstimate()

    def queued(self, count: int) -> None:
        """Take in that `count` bytes wait to be written; that a number of them no longer do, if it is negative."""
        self._unwritten += count

    def wrote(self, count: int, waited: float, now: float) -> None:
        """Take in that the terminal took `count` of the waiting bytes, after `waited` seconds without room."""
        self._queue.took(count, waited, now)
        self._unwritten -= count
        self.written += count

    def has_no_room(self, now: float) -> None:
        """Take in that something waits to be written and the terminal takes nothing."""
        self._queue.has_no_room(now)

    def emptied(self) -> None:
        """Take in that nothing waits to be written."""
        self._queue.is_watched = False

    def should_ask(self, now: float) -> bool:
        """Tell whether to ask the terminal something: one question at a time, and only about what it hasn't seen."""
        return self._answers.is_free(now) and self.written > self._answers.seen

    def asked(self, count: int, now: float) -> None:
        """Take in that a question of `count` bytes is about to be written, with nothing before it."""
        self.queued(count)
        self._answers.asked(self.written + count, now)

    def answered(self, now: float) -> None:
        """Take in that the terminal has answered."""
        self._answers.answered(now)

    def touched(self, now: float) -> None:
        """Take in that somebody is at the keys: what comes next is awaited."""
        self._queue.touched(now)

    @property
    def awaits_answer(self) -> bool:
        """Whether a question was asked and not answered."""
        return self._answers.asked_at is not None

    def room(self, now: float) -> float:
        """Return how many bytes may be drawn now; 0 or less if the terminal is behind."""
        if self._answers.are_given(now):
            return self._answers.room(self._unwritten + self.written, now)
        return self._queue.room(now) - self._unwritten


class AnswerWindow:
    """What the terminal's answers tell: a window of bytes that may be on their way, as in TCP.

    It is what the terminal can take within the target, by what was on its way when it was asked and how much later
    than without a queue it answered; it grows while answers are as fast as ever. Now and then all is let through, to
    see again how long an answer takes without a queue (after LEDBAT, https://www.rfc-editor.org/rfc/rfc6817).
    """

    def __init__(self) -> None:
        self.seen = 0
        """Bytes that the terminal has surely seen."""
        self.asked_at: float | None = None
        self._asked_about = 0
        self._window = _FIRST_WINDOW
        self._fastest: deque[float] = deque(maxlen=10)  # of each of the last spans between two drains
        self._drained_at = -math.inf

    def is_free(self, now: float) -> bool:
        """Tell whether no question is open, or only one that was lost."""
        return self.asked_at is None or now - self.asked_at > _LONGEST_ANSWER_SECONDS

    def are_given(self, now: float) -> bool:
        """Tell whether this terminal answers."""
        return bool(self._fastest) and (self.asked_at is None or now - self.asked_at <= _LONGEST_ANSWER_SECONDS)

    def asked(self, about: int, now: float) -> None:
        """Take in a question behind the first `about` bytes."""
        self.asked_at, self._asked_about = now, about

    def answered(self, now: float) -> None:
        """Take in the answer."""
        if self.asked_at is None:
            return
        took, size = now - self.asked_at, self._asked_about - self.seen
        self.seen, self.asked_at = self._asked_about, None
        if not self._fastest:
            self._fastest.append(took)
            self._drained_at = now
        self._fastest[-1] = min(self._fastest[-1], took)
        fastest = min(self._fastest)
        if took - fastest > _QUEUED_SECONDS and size > _SMALLEST_WINDOW / 2:  # so many bytes took so long
            wanted = size * (fastest + TARGET_SECONDS) / took
            self._window = max(_SMALLEST_WINDOW, min((self._window + wanted) / 2, 1.1 * self._window))
        elif size > self._window / 4:
            self._window = min(_LARGEST_WINDOW, 1.1 * self._window)

    def room(self, written: int, now: float) -> float:
        """Return how many bytes more than `written`, in all, may be on their way."""
        in_flight = written - self.seen
        if now - self._drained_at > _DRAIN_EVERY_SECONDS:
            if in_flight > self._window / 10:
                return 0.0
            self._drained_at = now
            self._fastest.append(math.inf if len(self._fastest) > 1 else self._fastest[0])
        return self._window - in_flight


class QueueEstimate:
    """What the terminal's queue holds by our reckoning, where there are no answers.

    Its speed is what it takes between two moments in which it was full. Now and then it is tried whether it has become
    faster: as at the beginning, it is then thought to be infinitely fast until it is full.
    """

    def __init__(self) -> None:
        self.is_watched = False
        """Whether more has been waiting to be written since the queue was full last: its speed can be seen."""
        self.speed = math.inf
        """Bytes a second that are read from it; infinite until something says otherwise."""
        self._held, self._held_at = 0.0, 0.0
        self._is_full = False
        self._since, self._taken = 0.0, 0  # when it was full last, or a try began, and what it has taken since
        self._try_at, self._try_seconds = math.inf, _FIRST_TRY_SECONDS
        self._speed_before_try: float | None = None
        self._touched_at = -math.inf

    def touched(self, now: float) -> None:
        """Take in that somebody is at the keys."""
        self._touched_at = now

    def has_no_room(self, now: float) -> None:
        """Take in that something waits and the queue takes nothing."""
        self._empty(now)
        self._is_full = True

    def took(self, count: int, waited: float, now: float) -> None:
        """Take in that it took `count` bytes, after it was full for `waited` seconds."""
        self._empty(now)
        self._is_full = False
        if waited >= _FULL_SECONDS:
            self._was_full(waited, now)
        self._taken += count
        self._held += count
        if self._taken > 2 * QUEUE_BYTES:  # all that is more than it holds was surely read
            self.speed = max(self.speed, (self._taken - 2 * QUEUE_BYTES) / max(now - self._since, 1e-3))
        before = self._speed_before_try
        if before is not None and self._taken - before * (now - self._since) > 2 * QUEUE_BYTES:  # it has become faster
            self._speed_before_try, self._try_seconds = None, _FIRST_TRY_SECONDS

    def room(self, now: float) -> float:
        """Return how many bytes may be written so that the last of them is read within the target."""
        if self._is_full:
            return 0.0
        self._empty(now)
        if now >= self._try_at and now - self._touched_at > _AWAY_SECONDS:
            self._speed_before_try, self.speed = self.speed, math.inf
            self._try_at, self._since, self._taken = math.inf, now, 0
        return QUEUE_BYTES - self._held if math.isinf(self.speed) else self.speed * TARGET_SECONDS - self._held

    def _empty(self, now: float) -> None:
        """Reckon what was read meanwhile."""
        if self._is_full:
            self._held = QUEUE_BYTES
        elif now > self._held_at:
            self._held = max(0.0, self._held - _CAUTION * self.speed * (now - self._held_at))
        self._held_at = now

    def _was_full(self, waited: float, now: float) -> None:
        """Take in that there is room again after so many seconds."""
        self._held = QUEUE_BYTES
        before = self._speed_before_try
        thought = self.speed if before is None else before
        if not self.is_watched:  # it should not have been full; if that was tried, all is as it was
            seen = min(_LESS * thought, _QUEUE_STEP / waited) if before is None else before
        elif now - self._since >= _SAMPLE_SECONDS:
            sample = self._taken / (now - self._since)
            seen = sample if math.isinf(thought) else (thought + sample) / 2
        else:
            return
        if waited > _STALLED_SECONDS and seen < thought / 4:  # it may only have stalled for once
            self._try_seconds = _SOON_SECONDS
        elif before is not None:
            self._try_seconds = min(2 * self._try_seconds, _LONGEST_TRY_SECONDS)
        self.speed = seen
        self._speed_before_try, self._try_at = None, now + self._try_seconds
        self.is_watched, self._since, self._taken = True, now, 0
