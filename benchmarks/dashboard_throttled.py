"""How fast keys answer while all charts change and the terminal takes only so many bytes a second."""

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
"""A column of the table of knobs, in which the row under the cursor looks different."""
_KNOB_LINES = range(4, 20)
_ZOOMS = 7
"""Presses of `z` that leave about a hundredth of the points."""


@dataclass(frozen=True)
class Answers:
    """What was seen over one link: frames (as the program says) and bytes a second, and each key's seconds, sorted."""

    frames: float
    bytes: float
    waits: list[float]


def measure(bytes_per_second: float, *, answers: bool, zoomed: bool, keys: int) -> Answers:
    """Press `keys` keys that move the cursor in the table of knobs, at irregular times.

    The terminal says where its cursor is if it `answers`, and has only its queue to tell it is behind if not. Charts
    show all points, or if `zoomed` the newest, so that all of every chart changes every few points.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = HumanoidTui(Path(folder), 10_000, answers=answers, keeps_screen=True)
        terminal = program.terminal
        try:
            terminal.wait_until_settled(program.idle_cpu)
            terminal.limit(bytes_per_second)
            for _ in range(_ZOOMS if zoomed else 0):
                terminal.press(b"z")
                terminal.measure(2.0)
            program.feed(_NEW_POINTS)
            terminal.measure(10.0)  # to find out how slow the link is
            written, began = terminal.bytes, time.monotonic()
            waits, frames = [], []
            for press in range(keys):
                time.sleep(random.uniform(*_PAUSE_SECONDS))
                waits.append(_press(program, b"\x1b[B" if press % 2 == 0 else b"\x1b[A"))
                frames.append(_frames_told(program))
            took = time.monotonic() - began
            return Answers(statistics.mean(frames), (terminal.bytes - written) / took, sorted(waits))
        finally:
            program.close()


def _press(program: HumanoidTui, key: bytes) -> float:
    """Press a key and return the seconds until the table of knobs looks different."""
    before = _look(program)
    began = time.monotonic()
    program.terminal.press(key)
    program.terminal.wait_until(lambda: _look(program) != before, f"what {key!r} does", 30.0)
    return time.monotonic() - began


def _frames_told(program: HumanoidTui) -> float:
    """Return the frames a second that the status line tells of."""
    assert program.terminal.screen is not None
    with program.terminal.lock:
        told = re.search(r"(\d+) fps", program.terminal.screen.display[0])
    return float(told[1]) if told else 0.0


def _look(program: HumanoidTui) -> list[str]:
    screen = program.terminal.screen
    assert screen is not None
    with program.terminal.lock:
        return [screen.buffer[line][_KNOB_COLUMN].bg for line in _KNOB_LINES]
