"""The program in a real terminal: a training is launched, steered and left with keys alone."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import psutil
import pyte
import pytest

from tests.waiting import wait_for
from trainer_proc.wire.requests import Accepted, Stop
from tui.session.control import ask
from tui.session.runs.registry import find_run, summarize

pytestmark = pytest.mark.real

PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))
COLUMNS, LINES = 120, 40
DEADLINE_SECONDS = 240.0
"""Generous: the first training on a machine compiles its kernels."""
BRAILLE_DOTS = re.compile("[\u2801-\u28ff]{3}")


class Terminal:
    """A pseudo-terminal with a program in it, and what a person would see there."""

    kept_bytes = 10_000

    def __init__(self, cwd: Path, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment["TERM"] = "xterm-256color"
        self._child = pexpect.spawn(
            PROGRAM, list(arguments), cwd=str(cwd), dimensions=(LINES, COLUMNS), env=environment
        )
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.said = b""

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: bytes) -> None:
        """Send keys in one piece."""
        self._child.send(keys)

    def press_and_see(self, keys: bytes, line_with: str) -> None:
        """Send keys and wait until the line with this text looks different: a field has the focus, say."""
        before = self._look_of(line_with)
        self.press(keys)
        self.wait_until(lambda _: self._look_of(line_with) != before, f"a change of {line_with!r}")

    def wait_until(self, condition: Callable[[str], object], what: str) -> None:
        """Read what the program draws until the screen's text fulfils `condition`."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition(self.text):
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text}"
            assert self._read(), f"the program ended before {what}:\n{self.said.decode(errors='replace')[-2000:]}"

    def wait_for_end(self) -> int:
        """Read until the program has ended and return its exit code."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, f"the program does not end:\n{self.text}"
        self._child.wait()
        return int(self._child.exitstatus)

    def close(self) -> None:
        self._child.close(force=True)

    def _read(self) -> bool:
        try:
            data = self._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.said = (self.said + data)[-self.kept_bytes :]
        self._stream.feed(data)
        return True

    def _look_of(self, line_with: str) -> list[object]:
        number = next((i for i, line in enumerate(self._screen.display) if line_with in line), None)
        return [] if number is None else [self._screen.buffer[number][column] for column in range(COLUMNS)]


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def log_root(tmp_path):
    """Where the run will be; its trainer is gone after the test, whatever happens."""
    root = tmp_path / "logs" / "rsl_rl"
    yield root
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(str(root.resolve())) for argument in process.info["cmdline"] or ()):
            process.kill()


def test_a_training_is_launched_steered_and_left_with_keys(terminal, log_root):
    terminal.wait_until(lambda text: "Mjlab-" in text and "CPU," in text, "the launch screen")
    terminal.press(b"\x1b[H")
    terminal.wait_until(lambda text: "Cartpole balance" in text, "cartpole")
    terminal.press_and_see(b"\t", "device")
    terminal.press(b"\r")
    terminal.wait_until(lambda text: text.count("CPU,") == 2, "the list of devices")
    terminal.press(b"\x1b[F\r")
    terminal.wait_until(lambda text: text.count("CPU,") == 1 and "environments  64" in text, "the CPU")
    terminal.press_and_see(b"\t", "environments  64")
    terminal.press(b"\x7f\x7f16")  # in one piece, as over a slow connection
    terminal.wait_until(lambda text: re.search(r"environments +16$", text, re.M), "the number of environments")
    terminal.press_and_see(b"\t", "iterations")
    terminal.press(b"600\r")

    def is_live(text: str) -> bool:
        at = re.search(r"training  iteration (\d+) of 600", text)
        return at is not None and int(at[1]) > 3 and BRAILLE_DOTS.search(text) is not None

    terminal.wait_until(is_live, "a live chart")
    assert re.search(r"smooth_reward/weight +1 ", terminal.text)
    terminal.press(b"\r")
    terminal.wait_until(lambda text: "Enter sets" in text, "the editor in the row")
    terminal.press(b"5")
    terminal.wait_until(lambda text: re.search(r"smooth_reward/weight +5 +Enter sets", text), "the number")
    terminal.press(b"\r")
    terminal.wait_until(lambda text: re.search(r"smooth_reward/weight +5 .*at \d+ by person", text), "the effect")
    terminal.wait_until(lambda text: text.count("▼") == 10, "a mark on each chart")

    terminal.press(b"q")
    assert terminal.wait_for_end() == 0
    assert b"The training goes on." in terminal.said
    run = find_run("latest", log_root)
    assert f"humanoid-tui attach logs/rsl_rl/cartpole/{run.name}".encode() in terminal.said

    summary = summarize(run)
    assert summary.status in ("training", "compiling")
    assert summary.spec is not None
    assert (summary.spec.num_envs, summary.spec.iterations, summary.spec.device) == (16, 600, "cpu")
    left_at = summary.iteration or 0
    wait_for(lambda: (summarize(run).iteration or 0) > left_at, "an iteration without a dashboard")
    assert isinstance(ask(run, Stop()), Accepted)
    wait_for(lambda: summarize(run).status == "stopped", "the end of the training")
    assert run.checkpoints()
