"""The program in a pseudo-terminal, and what a user would see there."""

from __future__ import annotations

import os
import re
import signal
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

from tests.program import PROGRAM
from tests.waiting import PATIENCE_SECONDS

COLUMNS, LINES = 120, 40
_MODES = {"alternate screen": {1049}, "mouse": {1000, 1003, 1006, 1015, 1016}}
BRAILLE_DOTS = re.compile("[\u2801-\u28ff]{3}")


def _heed_signals() -> None:
    """Heed signals as in a login shell: tests that run in the background inherit that some are ignored."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A pseudo-terminal with a program in it; `said` is all that the program has written there."""

    def __init__(
        self,
        cwd: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> None:
        """Start the program, or another one, in `cwd`; `environment` None is this process's, without NO_COLOR."""
        if environment is None:
            environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            environment |= {"TERM": "xterm-256color"}
        self._child = pexpect.spawn(
            program or PROGRAM,
            list(arguments),
            cwd=str(cwd),
            dimensions=(LINES, COLUMNS),
            env=dict(environment),
            preexec_fn=_heed_signals,
        )
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.said = bytearray()
        self._keys_before = termios.tcgetattr(self._child.child_fd)

    @property
    def process(self) -> int:
        """The process id of the program."""
        return int(self._child.pid)

    @property
    def modes_on(self) -> set[str]:
        """What differs from a terminal before any program has run in it."""
        modes = {mode >> 5 for mode in self._screen.mode}
        on = {name for name, numbers in _MODES.items() if numbers & modes}
        hidden = set() if pyte.modes.DECTCEM in self._screen.mode else {"hidden cursor"}
        raw = set() if termios.tcgetattr(self._child.child_fd) == self._keys_before else {"raw keys"}
        return on | hidden | raw

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self._child.kill(number)

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

    def wait_until(self, condition: Callable[[str], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Read what the program draws until the screen's text fulfils `condition`."""
        deadline = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text}"
            assert self._read(), f"the program ended before {what}:\n{self.said[-2000:].decode(errors='replace')}"

    def wait_for_end(self) -> int:
        """Read until the program has ended and return its exit code; -N if signal N has ended it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, f"the program does not end:\n{self.text}"
        self._child.wait()
        return -self._child.signalstatus if self._child.exitstatus is None else int(self._child.exitstatus)

    def hang_up(self) -> None:
        """Close the terminal, as a connection that breaks."""
        self._child.ptyproc.fileobj.close()
        self._child.ptyproc.closed = self._child.closed = True

    def close(self) -> None:
        if self._child.closed:
            self._child.kill(signal.SIGKILL)
        self._child.close(force=True)

    def _read(self) -> bool:
        try:
            data = self._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.said += data
        self._stream.feed(data)
        return True

    def _look_of(self, line_with: str) -> list[object]:
        number = next((i for i, line in enumerate(self._screen.display) if line_with in line), None)
        return [] if number is None else [self._screen.buffer[number][column] for column in range(COLUMNS)]
