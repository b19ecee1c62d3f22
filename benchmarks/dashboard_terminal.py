"""A pseudo-terminal that measures a program: its output, frames, CPU time and memory."""

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

from benchmarks.terminal_replies import LONGEST_QUERY, QUERY, REPLIES

COLUMNS, LINES = 200, 60
_SILENCE_SECONDS = 0.005
"""Output after a longer silence counts as a new frame."""


@dataclass(frozen=True)
class Usage:
    """Usage of a program over some time: `cpu` in cores, `bytes` and `frames` per second."""

    cpu: float
    bytes: float
    frames: float


class MeasuredTerminal:
    """A program in a terminal of 200×60 cells, or of another `size` (columns, lines).

    `bytes_per_second` limits the speed as a slow link does. With `replies`, the terminal replies to queries, as real
    ones do; with `keeps_screen`, `screen` holds what the user would see.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        bytes_per_second: float | None = None,
        replies: bool = True,
        keeps_screen: bool = False,
        size: tuple[int, int] = (COLUMNS, LINES),
    ) -> None:
        self.bytes = self.frames = 0
        self.tail = self._pending = b""
        self._replies, self._limit = replies, bytes_per_second
        self.lock = threading.Lock()
        self.screen = pyte.Screen(*size) if keeps_screen else None
        self._stream = pyte.ByteStream(self.screen) if self.screen else None
        self._process_id, self._terminal = pty.fork()
        if self._process_id == 0:
            os.environ.update(environment, TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(arguments[0], arguments)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = psutil.Process(self._process_id)
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def limit(self, bytes_per_second: float | None) -> None:
        """Set the speed of the link; None for unlimited."""
        self._limit = bytes_per_second

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 120.0) -> None:
        """Return once `condition` holds. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"timeout waiting for {what}; last output: {self.tail[-500:]!r}")
            time.sleep(0.002)

    def wait_until_settled(self, idle_cpu: float, seconds: float = 2.0, deadline_seconds: float = 900.0) -> None:
        """Return once output and CPU usage are low, as the data are drawn. Raises `TimeoutError`."""
        deadline = time.monotonic() + deadline_seconds
        while True:
            usage = self.measure(seconds)
            if self.bytes and usage.bytes < 5_000 and usage.cpu < idle_cpu:
                return
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"timeout: the program keeps drawing; last output: {self.tail[-500:]!r}")

    def measure(self, seconds: float) -> Usage:
        """Let the program run for `seconds` and return its usage."""
        began, cpu, written, frames = time.monotonic(), self._cpu_seconds(), self.bytes, self.frames
        time.sleep(seconds)
        took = time.monotonic() - began
        return Usage((self._cpu_seconds() - cpu) / took, (self.bytes - written) / took, (self.frames - frames) / took)

    def memory_mib(self) -> tuple[float, float]:
        """Return the proportional set size and the peak resident size of all its processes (MiB)."""
        proportional = peak = 0.0
        for process in self._processes():
            proportional += process.memory_full_info().pss
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak += 1024.0 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
        return proportional / 2**20, peak / 2**20

    def close(self) -> None:
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
            if self._replies:
                self._reply(data)
            if self._stream is not None:
                with self.lock:
                    self._stream.feed(data)

    def _reply(self, data: bytes) -> None:
        """Reply to the queries in the output; a query may be split between two pieces."""
        text = self._pending + data
        end = 0
        for query in QUERY.finditer(text):
            os.write(self._terminal, REPLIES[query[0]])
            end = query.end()
        self._pending = text[max(end, len(text) - LONGEST_QUERY + 1) :]
