"""A pseudo-terminal that counts what a program draws, as fast as it is drained, and what the program takes for it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyte

COLUMNS, LINES = 200, 60
_SILENCE_SECONDS = 0.005
"""Output after a longer silence is a new frame."""
_ANSWERS = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # a frame can be marked as one: the terminal shows it at once
    b"\x1b[6n": b"\x1b[1;1R",  # where is the cursor?
    b"\x1b[c": b"\x1b[?62;22c",
}
"""What a terminal is asked and says."""
_QUESTION = re.compile(b"|".join(map(re.escape, _ANSWERS)))
_LONGEST_QUESTION = max(map(len, _ANSWERS))


@dataclass(frozen=True)
class Usage:
    """What a program has taken in a span of time; `cpu` in cores, `bytes` and `frames` by the second."""

    cpu: float
    bytes: float
    frames: float


class MeasuredTerminal:
    """A program in a terminal of 200×60 cells.

    `bytes_per_second` throttles the drain as a slow link does. With `answers`, the terminal answers questions about
    itself, as real ones do; with `keeps_screen`, what a person would see can be asked for.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        bytes_per_second: float | None = None,
        answers: bool = True,
        keeps_screen: bool = False,
    ) -> None:
        self.bytes = self.frames = 0
        self.tail = self._unanswered = b""
        self._answers, self._limit = answers, bytes_per_second
        self.lock = threading.Lock()
        self.screen = pyte.Screen(COLUMNS, LINES) if keeps_screen else None
        self._stream = pyte.ByteStream(self.screen) if self.screen else None
        self._process_id, self._terminal = pty.fork()
        if self._process_id == 0:
            os.environ.update(environment, TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(arguments[0], arguments)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = psutil.Process(self._process_id)
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def press(self, keys: bytes) -> None:
        """Send keys."""
        os.write(self._terminal, keys)

    def limit(self, bytes_per_second: float | None) -> None:
        """Drain at this speed from now on; None is as fast as possible."""
        self._limit = bytes_per_second

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 120.0) -> None:
        """Return once `condition` holds. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"{what}: never came; the program's last words: {self.tail[-500:]!r}")
            time.sleep(0.002)

    def wait_until_settled(self, idle_cpu: float, seconds: float = 2.0, deadline_seconds: float = 900.0) -> None:
        """Return once the program has drawn what it was given: little output and work. Raises `TimeoutError`."""
        deadline = time.monotonic() + deadline_seconds
        while True:
            usage = self.measure(seconds)
            if self.bytes and usage.bytes < 5_000 and usage.cpu < idle_cpu:
                return
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"the program is never done with its data; its last words: {self.tail[-500:]!r}")

    def measure(self, seconds: float) -> Usage:
        """Let the program run and return what it takes."""
        began, cpu, written, frames = time.monotonic(), self._cpu_seconds(), self.bytes, self.frames
        time.sleep(seconds)
        took = time.monotonic() - began
        return Usage((self._cpu_seconds() - cpu) / took, (self.bytes - written) / took, (self.frames - frames) / took)

    def memory_mib(self) -> tuple[float, float]:
        """Return the proportional set size of all its processes (MiB) and the largest resident size so far."""
        proportional = peak = 0.0
        for process in self._processes():
            proportional += process.memory_full_info().pss
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak += 1024.0 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
        return proportional / 2**20, peak / 2**20

    def close(self) -> None:
        """End the program."""
        for process in self._processes():
            process.kill()
        os.waitpid(self._process_id, 0)
        os.close(self._terminal)
        self._thread.join()

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _cpu_seconds(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def _drain(self) -> None:
        last = allowance = 0.0
        began = time.monotonic()
        while True:
            try:
                if not select.select([self._terminal], [], [], 0.2)[0]:
                    continue
                if self._limit is not None:
                    now = time.monotonic()
                    allowance = min(allowance + (now - began) * self._limit, self._limit * 0.02)
                    began = now
                    if allowance < 1:
                        time.sleep(0.005)
                        continue
                data = os.read(self._terminal, 65536 if self._limit is None else int(allowance))
            except (OSError, ValueError):
                return
            if not data:
                return
            allowance -= len(data)
            now = time.monotonic()
            self.frames += now - last > _SILENCE_SECONDS
            last = now
            self.bytes += len(data)
            self.tail = (self.tail + data)[-20_000:]
            if self._answers:
                self._answer(data)
            if self._stream is not None:
                with self.lock:
                    self._stream.feed(data)

    def _answer(self, data: bytes) -> None:
        """Answer the questions in what was written; one may be torn apart."""
        text = self._unanswered + data
        end = 0
        for question in _QUESTION.finditer(text):
            os.write(self._terminal, _ANSWERS[question[0]])
            end = question.end()
        self._unanswered = text[max(end, len(text) - _LONGEST_QUESTION + 1) :]
