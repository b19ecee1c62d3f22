"""The driver of the person's terminal: what is drawn is written by a thread, and nobody ever waits for it.

Textual's own driver hands over thirty pieces of output at most and then holds the program until the terminal has read
one: behind a slow connection, keys would wait too. Here nothing waits, and `room` tells how much the terminal
can take, so that the frame clock (`tui.terminal.frame_clock`) can draw less.
"""

from __future__ import annotations

import math
import os
import re
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition, InputEvent, Resize
from textual.geometry import Size
from textual.message import Message

from tui.terminal.compact_sgr import compact_sgr
from tui.terminal.throughput import Throughput

_CHUNK_BYTES = 1024
_LARGEST_BACKLOG = 128 * 1024
"""Bytes of pictures that may wait, more than one of a whole large screen: to paint that anew takes no longer."""
_LONGEST_FAREWELL_SECONDS = 5.0
"""How long the program waits, at its end, for a stalled terminal to take what puts it back in order."""
_LONGEST_ANSWER_SECONDS = 0.3
"""How long it waits for an answer that would otherwise end up in the shell."""
_LOOK_SECONDS = 0.1
"""How often to look whether a full terminal has room: the system doesn't tell of every bit that it has again."""
_QUESTION = b"\x1b[6n"
_PICTURE = re.compile(r"\x1b\[\d+;\d+H")
"""How everything begins that Textual draws; what doesn't (modes, clipboard, bell) is never left out."""


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS with output that never blocks."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._throughput = Throughput()
        self._output: _Output | None = None

    def write(self, data: str) -> None:
        """Have `data` written; returns at once."""
        assert self._output is not None, "the driver must be in application mode"
        self._output.put(data)

    def room(self) -> float:
        """Return how many bytes may be drawn now; 0 or less if the terminal is behind."""
        return math.inf if self._output is None else self._output.room()

    @property
    def written(self) -> int:
        """Bytes written so far."""
        return self._throughput.written

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        self._throughput = Throughput()
        self._output = _Output(self._file, self._throughput, self._repaint, asks=self.input_tty)
        self._output.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # it starts a writer of its own, which stays idle
        # the kernel may interrupt any thread: only so does an idle event loop surely learn of it
        self._loop.add_signal_handler(signal.SIGWINCH, self._take_size)

    def stop_application_mode(self) -> None:
        """Give the terminal back; pictures that weren't written yet no longer matter."""
        if self._output is not None:
            self._output.leave_out_pictures()
        super().stop_application_mode()

    def disable_input(self) -> None:
        """Take no more keys; an answer of the terminal's that is on its way is awaited for a moment."""
        if self._output is not None and not self.exit_event.is_set():
            self._output.end_questions()
        super().disable_input()

    def close(self) -> None:
        """Wait, but not for ever, until the terminal has taken what puts it back in order."""
        if self._output is not None:
            self._output.finish(_LONGEST_FAREWELL_SECONDS)
        super().close()

    def process_message(self, message: Message) -> None:
        """Take answers to our questions, and note when keys come; runs in the thread that reads them."""
        if isinstance(message, CursorPosition):
            if self._output is not None:
                self._output.answered()
            return
        if isinstance(message, InputEvent) and self._output is not None:
            self._output.touched()
        super().process_message(message)

    def _take_size(self) -> None:
        """Tell the app how large the terminal is now, unless the terminal does."""
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def _repaint(self) -> None:
        """Draw all anew, as some of it was left out; runs in the thread that writes."""
        self._loop.call_soon_threadsafe(self._app.call_later, self._app.refresh)


class _Output(threading.Thread):
    """Writes pieces of text to a terminal in order and keeps a `Throughput` up to date, both under one lock."""

    def __init__(self, file: IO[str] | None, throughput: Throughput, repaint: Callable[[], None], asks: bool) -> None:
        super().__init__(daemon=True, name="terminal output")
        assert file is not None, "the program has no terminal"
        self._file_number = file.fileno()
        self._throughput, self._repaint, self._asks = throughput, repaint, asks
        self._pieces: deque[tuple[bytes, bool]] = deque()  # with whether it is a picture, or the rest of one
        self._waiting = 0
        self._left_out = False
        self._ending = False
        self._changed = threading.Condition()

    def put(self, data: str) -> None:
        """Write `data` some time."""
        is_picture = _PICTURE.match(data) is not None
        piece = (compact_sgr(data) if is_picture else data).encode("utf-8", errors="replace")
        with self._changed:
            if self._waiting > _LARGEST_BACKLOG:
                self._drop_pictures()
                self._left_out = True
            self._pieces.append((piece, is_picture))
            self._waiting += len(piece)
            self._throughput.queued(len(piece))
            self._changed.notify_all()

    def leave_out_pictures(self) -> None:
        """Forget pictures that aren't written yet."""
        with self._changed:
            self._drop_pictures()

    def answered(self) -> None:
        """Take the answer to a question."""
        with self._changed:
            self._throughput.answered(time.monotonic())
            self._changed.notify_all()

    def touched(self) -> None:
        """Take a key, or what the mouse does."""
        with self._changed:
            self._throughput.touched(time.monotonic())

    def room(self) -> float:
        """Return how many bytes may be drawn now."""
        with self._changed:
            return self._throughput.room(time.monotonic())

    def end_questions(self) -> None:
        """Ask no more; wait a moment for the answer to the last question."""
        with self._changed:
            self._asks = False
            self._changed.wait_for(lambda: not self._throughput.awaits_answer, _LONGEST_ANSWER_SECONDS)

    def finish(self, seconds: float) -> None:
        """End once all is written, or after `seconds`."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self.join(seconds)

    def run(self) -> None:
        """Write until the end."""
        while chunk := self._next_chunk():
            while chunk:
                began = time.monotonic()
                while not self._has_room():
                    with self._changed:
                        self._throughput.has_no_room(time.monotonic())
                waited = time.monotonic() - began
                count = self._write(chunk)
                with self._changed:
                    self._throughput.wrote(count, waited, time.monotonic())
                chunk = chunk[count:]

    def _next_chunk(self) -> bytes:
        """Wait for something to write and take it, or what is to be asked; empty at the end."""
        with self._changed:
            while not self._pieces:
                self._throughput.emptied()
                if self._ending:
                    return b""
                if self._left_out:
                    self._left_out = False
                    self._repaint()
                if self._asks and self._throughput.should_ask(time.monotonic()):
                    # before the write, as the answer may come before that returns
                    self._throughput.asked(len(_QUESTION), time.monotonic())
                    return _QUESTION
                self._changed.wait()
            chunk, is_picture = self._pieces.popleft()
            while self._pieces and len(chunk) < _CHUNK_BYTES:
                piece, is_picture = self._pieces.popleft()
                chunk += piece
            if len(chunk) > _CHUNK_BYTES:
                self._pieces.appendleft((chunk[_CHUNK_BYTES:], is_picture))
                chunk = chunk[:_CHUNK_BYTES]
            self._waiting -= len(chunk)
            return chunk

    def _drop_pictures(self) -> None:
        kept = [(piece, is_picture) for piece, is_picture in self._pieces if not is_picture]
        dropped = self._waiting - sum(len(piece) for piece, _ in kept)
        self._pieces = deque(kept)
        self._waiting -= dropped
        self._throughput.queued(-dropped)

    def _has_room(self) -> bool:
        return bool(select.select([], [self._file_number], [], _LOOK_SECONDS)[1])

    def _write(self, chunk: bytes) -> int:
        """Write some of `chunk` and return how much the terminal took."""
        try:
            return os.write(self._file_number, chunk)
        except BlockingIOError:  # who started the program may have told the terminal not to block
            return 0
        except OSError:  # the terminal is gone, as the program will be told
            return len(chunk)
