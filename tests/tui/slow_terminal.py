"""A terminal behind a link of limited speed, and a program that paces its frames for it, in simulated time."""

from __future__ import annotations

from collections import deque

from tui.terminal.frame_pacing import FramePacer
from tui.terminal.throughput import QUEUE_BYTES, Throughput

STEP_SECONDS = 0.001
CHUNK = 1024
LOOK_SECONDS = 0.1
STEP = QUEUE_BYTES // 4


class SlowTerminal:
    """Takes `speed` bytes a second; what it hasn't taken waits in a queue of `queue` bytes, and then in the program.

    A queue that was full takes no more until a quarter was read, as that of Linux.
    It sees what it has taken `way` seconds later, and with `replies`, its replies take as long to come back.
    """

    def __init__(self, speed: float, *, queue: int = QUEUE_BYTES, way: float = 0.0, replies: bool = True) -> None:
        self.throughput = Throughput()
        self.now = 100.0
        self.speed = speed
        self.seen = 0.0
        self.asked_to_write = 0
        self._queue, self._way, self._replies = queue, way, replies
        self._unwritten = 0
        self._queued = 0.0
        self._full_since: float | None = None
        self._questions: deque[float] = deque()  # behind how many bytes in all
        self._coming: deque[float] = deque()  # when replies come

    def write(self, count: int) -> None:
        """Have the program draw something."""
        self._unwritten += count
        self.asked_to_write += count
        self.throughput.queued(count)

    @property
    def waiting_seconds(self) -> float:
        """How long a key's picture that is drawn now would wait for others."""
        return (self._unwritten + self._queued) / self.speed

    def step(self) -> None:
        """Let a millisecond pass."""
        self.now += STEP_SECONDS
        taken = min(self._queued, self.speed * STEP_SECONDS)
        self._queued -= taken
        self.seen += taken
        while self._questions and self._questions[0] <= self.seen + 0.5:
            self._questions.popleft()
            if self._replies:
                self._coming.append(self.now + 2 * self._way)
        if self._coming and self._coming[0] <= self.now:
            self._coming.popleft()
            self.throughput.reply_received(self.now)
        self._write()

    def _write(self) -> None:
        while self._unwritten:
            count = min(self._unwritten, CHUNK)
            if self._queued + count > self._queue - (0 if self._full_since is None else STEP):
                self._full_since = self._full_since or self.now
                if self.now - self._full_since >= LOOK_SECONDS:
                    self.throughput.blocked(self.now)
                return
            self._put(count)
        self.throughput.drained()
        if self.throughput.should_query(self.now):
            self.asked_to_write += 4
            self._unwritten += 4
            self.throughput.query_sent(4, self.now)
            self._put(4)
            self._questions.append(self.seen + self._queued)

    def _put(self, count: int) -> None:
        self._unwritten -= count
        self._queued += count
        waited = 0.0 if self._full_since is None else self.now - self._full_since
        self.throughput.wrote(count, waited, self.now)
        self._full_since = None


class Painter:
    """Draws frames of `frame` bytes in pieces of `piece` bytes whenever it may: something always changes."""

    def __init__(self, terminal: SlowTerminal, frame: int = 3600, piece: int = 300) -> None:
        self.pacer = FramePacer(10)
        self.waits: list[float] = []
        self.frames = 0
        self._terminal, self._frame, self._piece = terminal, frame, piece
        self._left = 0
        self._look_at = 0.0

    def run(self, seconds: float) -> None:
        """Draw for so long; `waits` and `frames` tell what happened since."""
        self.waits, self.frames = [], 0
        until = self._terminal.now + seconds
        while self._terminal.now < until:
            self._terminal.step()
            self._draw(self._terminal.now)
            self.waits.append(self._terminal.waiting_seconds)
        self.waits.sort()

    def _draw(self, now: float) -> None:
        if now < self._look_at:
            return
        if not self._left:
            if self.pacer.wait(now) > 0:
                return
            self.pacer.begin(now)
            self._left = self._frame
        room = self._terminal.throughput.room(now)
        while room > 0 and self._left > 0:
            self._terminal.write(self._piece)
            self._left -= self._piece
            room -= self._piece
            self.frames += self._left <= 0
        self._look_at = now + 0.03

    def wait_percentile(self, share: float) -> float:
        """Return the longest of this share of the shortest waits."""
        return self.waits[int(len(self.waits) * share)]
