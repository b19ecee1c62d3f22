"""Estimate how many bytes may be written now, so that a key's own frame waits behind next to nothing.

A slow reader of the terminal (an SSH connection, say) leaves output waiting in queues that report nothing: 16 KiB in a
pseudo-terminal of Linux, much more in an SSH connection. Two measurements stand in for them:

- Cursor position queries: once the terminal replies, it has read all that was written before the query
  (`ReplyWindow`). This works through every queue.
- Without replies, the pseudo-terminal fills up and blocks. The bytes that it takes while it is full give its speed,
  and with that an estimate of the queue (`QueueEstimate`).

Textual 8.2.8 measures nothing of the kind; it writes each frame and blocks when its own queue is full.
"""

from __future__ import annotations

import math
from collections import deque

TARGET_SECONDS = 0.05
"""How long redraws caused by data may keep the terminal busy."""
QUEUE_BYTES = 16 * 1024
"""Capacity of a pseudo-terminal of Linux; elsewhere it is less, which only makes waits a little longer."""
_QUEUE_STEP = QUEUE_BYTES / 4
"""Bytes that a reader takes, on Linux, before a full pseudo-terminal reports room again."""
_FIRST_WINDOW, _SMALLEST_WINDOW, _LARGEST_WINDOW = 16_000.0, 1_000.0, 256_000.0
_REPLY_TIMEOUT_SECONDS = 3.0
"""A query without a reply for longer was lost, or the terminal never replies."""
_QUEUED_SECONDS = 0.03
"""A reply that is slower than the fastest by less has not waited in a queue."""
_DRAIN_EVERY_SECONDS = 20.0
_FULL_SECONDS = 0.02
"""Shorter waits are scheduling noise."""
_STALLED_SECONDS = 1.0
_SAMPLE_SECONDS = 0.1
_LESS = 0.6
_CAUTION = 0.9
"""Share of the measured speed at which the queue is assumed to drain: an overestimate would add up for ever."""
_SOON_SECONDS, _FIRST_PROBE_SECONDS, _MAX_PROBE_SECONDS = 2.0, 30.0, 240.0
_AWAY_SECONDS = 5.0
"""After so long without a key, the user is assumed to wait for no frame."""


class Throughput:
    """Bytes on their way from the program to the terminal. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.written = 0
        """Bytes written so far."""
        self._unwritten = 0
        self._replies = ReplyWindow()
        self._queue = QueueEstimate()

    def queued(self, count: int) -> None:
        """Record that `count` more bytes wait to be written; negative for bytes that were dropped."""
        self._unwritten += count

    def wrote(self, count: int, waited: float, now: float) -> None:
        """Record that the terminal took `count` of the waiting bytes, after `waited` seconds without room."""
        self._queue.took(count, waited, now)
        self._unwritten -= count
        self.written += count

    def blocked(self, now: float) -> None:
        """Record that bytes wait to be written and the terminal takes none."""
        self._queue.blocked(now)

    def drained(self) -> None:
        """Record that no bytes wait to be written."""
        self._queue.is_watched = False

    def should_query(self, now: float) -> bool:
        """Return whether to send a query: one at a time, and only after bytes that no reply has covered."""
        return self._replies.may_query(now) and self.written > self._replies.confirmed

    def query_sent(self, count: int, now: float) -> None:
        """Record that a query of `count` bytes is about to be written, with nothing queued before it."""
        self.queued(count)
        self._replies.query_sent(self.written + count, now)

    def reply_received(self, now: float) -> None:
        """Record a reply of the terminal."""
        self._replies.reply_received(now)

    def key_pressed(self, now: float) -> None:
        """Record that the user pressed a key and waits for its frame."""
        self._queue.key_pressed(now)

    @property
    def awaits_reply(self) -> bool:
        """Whether a query has no reply yet."""
        return self._replies.queried_at is not None

    def room(self, now: float) -> float:
        """Return how many bytes may be written now; 0 or less if the terminal lags behind."""
        if self._replies.are_current(now):
            return self._replies.room(self._unwritten + self.written, now)
        return self._queue.room(now) - self._unwritten


class ReplyWindow:
    """A window of bytes in flight, as in TCP, sized by the terminal's replies.

    The window is what the terminal can read within the target. It shrinks by how much later a reply came than without
    a queue, and grows while replies are as fast as ever. Every 20 s the queue is drained to measure the fastest reply
    again (after LEDBAT, https://www.rfc-editor.org/rfc/rfc6817).
    """

    def __init__(self) -> None:
        self.confirmed = 0
        """Bytes that the terminal has certainly read."""
        self.queried_at: float | None = None
        self._queried_bytes = 0
        self._window = _FIRST_WINDOW
        self._fastest: deque[float] = deque(maxlen=10)  # one for each of the last spans between two drains
        self._drained_at = -math.inf

    def may_query(self, now: float) -> bool:
        """Return whether no query is open, or only one that was lost."""
        return self.queried_at is None or now - self.queried_at > _REPLY_TIMEOUT_SECONDS

    def are_current(self, now: float) -> bool:
        """Return whether this terminal replies, and the last query is not lost."""
        return bool(self._fastest) and (self.queried_at is None or now - self.queried_at <= _REPLY_TIMEOUT_SECONDS)

    def query_sent(self, after: int, now: float) -> None:
        """Record a query after the first `after` bytes."""
        self.queried_at, self._queried_bytes = now, after

    def reply_received(self, now: float) -> None:
        """Measure the reply to the open query and adapt the window."""
        if self.queried_at is None:
            return
        took, size = now - self.queried_at, self._queried_bytes - self.confirmed
        self.confirmed, self.queried_at = self._queried_bytes, None
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
        """Return how many bytes may follow the first `written` ones."""
        in_flight = written - self.confirmed
        if now - self._drained_at > _DRAIN_EVERY_SECONDS:
            if in_flight > self._window / 10:
                return 0.0
            self._drained_at = now
            self._fastest.append(math.inf if len(self._fastest) > 1 else self._fastest[0])
        return self._window - in_flight


class QueueEstimate:
    """Estimated content of the terminal's queue, for terminals that do not reply.

    The speed is measured between two moments at which the queue was full. From time to time a probe checks whether the
    terminal has become faster: as at the start, it is assumed to be infinitely fast until the queue is full.
    """

    def __init__(self) -> None:
        self.is_watched = False
        """Whether bytes have waited without a break since the queue was last full, so that its speed is measurable."""
        self.speed = math.inf
        """Bytes per second that the terminal reads; infinite until measured."""
        self._held, self._held_at = 0.0, 0.0
        self._is_full = False
        self._since, self._taken = 0.0, 0  # since it was last full or a probe began
        self._probe_at, self._probe_seconds = math.inf, _FIRST_PROBE_SECONDS
        self._speed_before_probe: float | None = None
        self._key_pressed_at = -math.inf

    def key_pressed(self, now: float) -> None:
        self._key_pressed_at = now

    def blocked(self, now: float) -> None:
        """Record that bytes wait and the queue takes none."""
        self._drain(now)
        self._is_full = True

    def took(self, count: int, waited: float, now: float) -> None:
        """Record that the queue took `count` bytes, after it was full for `waited` seconds."""
        self._drain(now)
        self._is_full = False
        if waited >= _FULL_SECONDS:
            self._was_full(waited, now)
        self._taken += count
        self._held += count
        if self._taken > 2 * QUEUE_BYTES:  # whatever exceeds its capacity has been read
            self.speed = max(self.speed, (self._taken - 2 * QUEUE_BYTES) / max(now - self._since, 1e-3))
        before = self._speed_before_probe
        if before is not None and self._taken - before * (now - self._since) > 2 * QUEUE_BYTES:
            self._speed_before_probe, self._probe_seconds = None, _FIRST_PROBE_SECONDS

    def room(self, now: float) -> float:
        """Return how many bytes may be written so that the last of them is read within the target."""
        if self._is_full:
            return 0.0
        self._drain(now)
        if now >= self._probe_at and now - self._key_pressed_at > _AWAY_SECONDS:
            self._speed_before_probe, self.speed = self.speed, math.inf
            self._probe_at, self._since, self._taken = math.inf, now, 0
        return QUEUE_BYTES - self._held if math.isinf(self.speed) else self.speed * TARGET_SECONDS - self._held

    def _drain(self, now: float) -> None:
        """Subtract what the terminal is estimated to have read since the last call."""
        if self._is_full:
            self._held = QUEUE_BYTES
        elif now > self._held_at:
            self._held = max(0.0, self._held - _CAUTION * self.speed * (now - self._held_at))
        self._held_at = now

    def _was_full(self, waited: float, now: float) -> None:
        """Record that there is room again after `waited` seconds, and measure the speed."""
        self._held = QUEUE_BYTES
        before = self._speed_before_probe
        expected = self.speed if before is None else before
        if not self.is_watched:  # the estimate was too fast; after a probe, the speed is as before
            measured = min(_LESS * expected, _QUEUE_STEP / waited) if before is None else before
        elif now - self._since >= _SAMPLE_SECONDS:
            sample = self._taken / (now - self._since)
            measured = sample if math.isinf(expected) else (expected + sample) / 2
        else:
            return
        if waited > _STALLED_SECONDS and measured < expected / 4:  # it may have stalled only once
            self._probe_seconds = _SOON_SECONDS
        elif before is not None:
            self._probe_seconds = min(2 * self._probe_seconds, _MAX_PROBE_SECONDS)
        self.speed = measured
        self._speed_before_probe, self._probe_at = None, now + self._probe_seconds
        self.is_watched, self._since, self._taken = True, now, 0
