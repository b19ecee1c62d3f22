"""Measure the latency of keys on a slow link while all charts change."""

from __future__ import annotations

import random
import re
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dashboard_programs import HumanoidTui

_NEW_POINTS = 10.0
_PAUSE_SECONDS = (0.4, 0.9)
_KNOB_COLUMN = 114
"""A column of the knob table, in which the row under the cursor has another background."""
_KNOB_LINES = range(4, 20)
_ZOOMS = 7
"""Presses of `z` that leave about 1 % of the points visible."""


@dataclass(frozen=True)
class LinkResult:
    """Frames per second (as the program shows them), bytes per second, and the latency of each key (s), sorted."""

    frames: float
    bytes: float
    waits: list[float]


def measure(bytes_per_second: float, *, replies: bool, zoomed: bool, keys: int) -> LinkResult:
    """Press `keys` keys that move the cursor in the knob table, at irregular times.

    With `replies`, the terminal replies to cursor queries; without, only its full queue shows that it lags behind. The
    charts show all points, or the newest ones if `zoomed`, so that every chart changes completely every few points.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = HumanoidTui(Path(folder), 10_000, replies=replies, keeps_screen=True)
        terminal = program.terminal
        try:
            terminal.wait_until_settled(program.idle_cpu)
            terminal.limit(bytes_per_second)
            for _ in range(_ZOOMS if zoomed else 0):
                terminal.press(b"z")
                terminal.measure(2.0)
            program.feed(_NEW_POINTS)
            terminal.measure(10.0)  # the program measures the link
            written, began = terminal.bytes, time.monotonic()
            waits, frames = [], []
            for press in range(keys):
                time.sleep(random.uniform(*_PAUSE_SECONDS))
                waits.append(_press(program, b"\x1b[B" if press % 2 == 0 else b"\x1b[A"))
                frames.append(_shown_frame_rate(program))
            took = time.monotonic() - began
            return LinkResult(statistics.mean(frames), (terminal.bytes - written) / took, sorted(waits))
        finally:
            program.close()


def _press(program: HumanoidTui, key: bytes) -> float:
    """Press a key and return the seconds until the knob table changes."""
    before = _cursor_row(program)
    began = time.monotonic()
    program.terminal.press(key)
    program.terminal.wait_until(lambda: _cursor_row(program) != before, f"what {key!r} does", 30.0)
    return time.monotonic() - began


def _shown_frame_rate(program: HumanoidTui) -> float:
    """Return the frames per second that the status line shows on a slow link; 0 without them."""
    assert program.terminal.screen is not None
    with program.terminal.lock:
        shown = re.search(r"(\d+) fps", program.terminal.screen.display[0])
    return float(shown[1]) if shown else 0.0


def _cursor_row(program: HumanoidTui) -> list[str]:
    screen = program.terminal.screen
    assert screen is not None
    with program.terminal.lock:
        return [screen.buffer[line][_KNOB_COLUMN].bg for line in _KNOB_LINES]
