"""The program in a terminal that stops reading, as behind a connection that is down: nothing waits for it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path

import pyte
import pytest

from tests.program import PROGRAM
from tests.tui.screens.recorded import FakeTrainer, bodies_of, make_run
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.requests import Pause, Save

COLUMNS, LINES = 160, 50


class StallingTerminal:
    """A terminal that reads only when it is told to. It answers no questions."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self.said = b""
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            os.execve(PROGRAM, [PROGRAM, *arguments], environment | {"TERM": "xterm-256color"})
        self.resize(COLUMNS, LINES)
        self.modes_before = termios.tcgetattr(self._terminal)
        self.exit_status: int | None = None

    @property
    def modes(self) -> list[object]:
        """How the terminal treats keys now."""
        return termios.tcgetattr(self._terminal)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def read_until(self, condition, what: str) -> None:
        """Read until `condition(text)` holds for what is shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition("\n".join(self.screen.display)):
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.screen.display}"
            assert self.read(), f"the program has ended before {what}: {self.said[-500:]!r}"

    def read(self) -> bool:
        """Read what there is; false once the program is gone."""
        if not select.select([self._terminal], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            return False
        self.said += data
        self._stream.feed(data)
        return bool(data)

    def has_ended(self) -> bool:
        """Tell whether the program has ended; its exit status is kept."""
        if self.exit_status is None:
            process, status = os.waitpid(self._process, os.WNOHANG)
            if process:
                self.exit_status = os.waitstatus_to_exitcode(status)
        return self.exit_status is not None

    def close(self) -> None:
        if not self.has_ended():
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        os.close(self._terminal)


@pytest.fixture
def trainer(tmp_path):
    trainer = FakeTrainer(make_run(tmp_path / "logs" / "rsl_rl", "g1-walk", bodies=[]))
    yield trainer
    trainer.close()


@pytest.fixture
def terminal(tmp_path, trainer):
    """The dashboard of a run in a terminal that has stopped reading, with more to be drawn than its queue holds."""
    bodies = bodies_of("g1-walk")
    begun = len(bodies_of("g1-walk", until_iteration=20))
    trainer.play(bodies[:begun])
    terminal = StallingTerminal(tmp_path, "attach", str(trainer.folder.path))
    terminal.read_until(lambda text: "iteration 21 of" in text and "reward/" in text, "the dashboard")
    for count in range(1, 13):
        terminal.press(b"l")  # the log in full or back: the whole screen
        terminal.press(b"s")
        wait_for(lambda: trainer.count_received(Save) == count, "the key")  # noqa: B023
    trainer.play(bodies[begun:-1])
    yield terminal
    terminal.close()


def test_keys_are_taken_and_shown_once_the_terminal_reads_again(terminal, trainer):
    terminal.press(b"p")
    wait_for(lambda: trainer.has_received(Pause), "the key")
    terminal.read_until(lambda text: "reward/" in text and "iteration 120 of" in text, "all that has happened")


def test_a_terminal_that_was_resized_meanwhile_shows_a_whole_picture(terminal):
    for columns, lines in ((100, 30), (200, 60), (120, 40)):
        terminal.resize(columns, lines)
    terminal.read_until(
        lambda text: "iteration" in text.split("\n")[1] and "palette" in text.split("\n")[39], "the picture"
    )


def test_the_terminal_is_given_back_though_it_takes_nothing(terminal):
    assert terminal.modes != terminal.modes_before
    terminal.press(b"q")
    wait_for(lambda: terminal.modes == terminal.modes_before, "the modes of before")
    while terminal.read():
        pass
    wait_for(terminal.has_ended, "the end")
    assert terminal.exit_status == 0
    assert b"\x1b[?1049l" in terminal.said  # the screen of before
    assert b"\x1b[?1003l" in terminal.said  # the mouse
    assert terminal.said.rfind(b"\x1b[?1049l") < terminal.said.rfind(b"humanoid-tui attach")


def test_control_c_ends_a_program_that_says_goodbye_to_a_stalled_terminal(terminal):
    terminal.press(b"q")
    wait_for(lambda: terminal.modes == terminal.modes_before, "the modes of before")

    def ended() -> bool:
        terminal.press(b"\x03")
        return terminal.has_ended()

    wait_for(ended, "the end")
