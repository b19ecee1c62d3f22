"""Restores the terminal however the program ends: by a signal, by a crash, or without its event loop.

Textual 8.2.8 restores the terminal only when its event loop ends. SIGTERM, SIGHUP and SIGQUIT end a Python program
before that, and leave the mouse mode and the alternate screen on.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)
"""Of these, only SIGINT ends Textual's event loop by itself, and the program as if it had been left."""
STUCK_SECONDS = 1.5
"""How long a program may take to end after a signal before it is ended."""
_TERMINAL_SECONDS = 1.0
"""How long to wait for a terminal that takes no more output."""
_RESTORING = (
    b"\x1b[?2026l"  # show what is drawn, if a frame was cut off
    b"\x1b[?2004l\x1b[?7h\x1b[?2048l"  # no bracketed paste, line wrap, no reports of the size
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # no mouse
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"  # usual keys, the screen of before, cursor, no focus, no colour
)


class Rescue:
    """Ends the program on a signal, and restores the terminal if nothing else has done it.

    `end(exit_code)` asks the event loop to end; it is called in the main thread. `output` and `keys` are the file
    numbers of the terminal. Must be created and released in the main thread.
    """

    def __init__(self, output: int, keys: int, end: Callable[[int], None]) -> None:
        self._output, self._keys, self._end = output, keys, end
        self._modes = _modes_of(keys)
        self._is_released = threading.Event()
        self._received: int | None = None
        self._before: dict[int, Any] = {}
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._before[number] = signal.signal(number, self._receive)
        atexit.register(self.restore)

    def release(self) -> None:
        """Leave signals to others: the terminal is restored."""
        self._is_released.set()
        atexit.unregister(self.restore)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def restore(self) -> None:
        """Restore the terminal now, without the event loop or another thread."""
        if self._is_released.is_set():
            return
        if self._modes is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._keys, termios.TCSANOW, self._modes)
        with suppress(OSError, ValueError):  # the terminal is gone or closed
            if select.select([], [self._output], [], _TERMINAL_SECONDS)[1]:
                os.write(self._output, _RESTORING)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        """End the program; at once if it was asked before."""
        exit_code = 128 + number
        if self._received is not None:
            self.restore()
            os._exit(exit_code)
        self._received = number
        threading.Thread(target=self._end_if_stuck, args=(exit_code,), daemon=True, name="terminal rescue").start()
        self._end(exit_code)

    def _end_if_stuck(self, exit_code: int) -> None:
        if not self._is_released.wait(STUCK_SECONDS):
            self.restore()
            os._exit(exit_code)


def _modes_of(keys: int) -> Any:
    try:
        return termios.tcgetattr(keys)
    except termios.error:  # no terminal
        return None
