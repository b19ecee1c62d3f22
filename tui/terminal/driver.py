"""The driver of the user's terminal: a thread writes the output, and the program never waits for it.

Replaces the output of `LinuxDriver` of Textual 8.2.8. Its `WriterThread` queues at most 30 writes and then blocks the
event loop (https://github.com/Textualize/textual/pull/1104). On a slow connection, keys wait too. Here nothing waits,
and `room` reports how much the terminal can take, so that the frame clock (`tui.terminal.frame_clock`) can draw less.
"""

from __future__ import annotations

import codecs
import math
import os
import re
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition, InputEvent, Resize
from textual.geometry import Size
from textual.message import Message

from tui.terminal.compact_sgr import compact_sgr
from tui.terminal.rescue import Rescue
from tui.terminal.throughput import Throughput

_CHUNK_BYTES = 1024
_MAX_BACKLOG = 128 * 1024
"""Bytes of frames that may wait, more than one of a whole large screen: repainting that takes no longer."""
_CLOSE_TIMEOUT_SECONDS = 5.0
"""How long a program that ends waits for a stalled terminal to read the sequences that restore it."""
_REPLY_TIMEOUT_SECONDS = 0.3
"""How long it waits for a reply that would otherwise end up in the shell."""
_POLL_SECONDS = 0.1
"""How often to check whether a full terminal has room: `select` does not report every byte that becomes free."""
_INPUT_BYTES = 4096
_CURSOR_QUERY = b"\x1b[6n"
_FRAME_START = re.compile(r"\x1b\[\d+;\d+H")
"""Start of everything that Textual draws; other output (modes, clipboard, bell) is never dropped."""


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS with output that never blocks."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if sys.__stderr__ is not None and not sys.__stderr__.isatty():
            self._file = sys.__stdout__  # 2>FILE: the messages of other libraries go to the file, the screen does not
        self._rescue: Rescue | None = None
        self._throughput = Throughput()
        self._output: _Output | None = None
        self._is_restored = True
        """Whether the sequences that restore the terminal are queued."""

    def write(self, data: str) -> None:
        """Queue `data` for writing; returns at once."""
        assert self._output is not None, "the driver must be in application mode"
        self._output.put(data)

    def room(self) -> float:
        """Return how many bytes may be written now; 0 or less if the terminal lags behind."""
        return math.inf if self._output is None else self._output.room()

    @property
    def written(self) -> int:
        """Bytes written so far."""
        return self._throughput.written

    def start_application_mode(self) -> None:
        """Take over the terminal.

        Textual 8.2.8 handles SIGWINCH with `signal.signal`. The kernel may deliver the signal to any thread, which an
        idle event loop does not notice. So the loop's own handler is used.
        """
        self._is_restored = False
        self._throughput = Throughput()
        self._output = _Output(self._file, self._throughput, self._repaint, queries=self.input_tty)
        self._output.start()
        assert self._file is not None
        self._rescue = Rescue(self._file.fileno(), self.fileno, self._end)
        super().start_application_mode()  # type: ignore[no-untyped-call]  # its own writer thread stays idle
        self._loop.add_signal_handler(signal.SIGWINCH, self._report_size)

    def stop_application_mode(self) -> None:
        """Restore the terminal; frames that are not written yet are dropped."""
        if self._output is not None:
            self._output.drop_frames()
        super().stop_application_mode()
        self._is_restored = True

    def disable_input(self) -> None:
        """Stop reading keys, after a short wait for a pending reply of the terminal."""
        if self._output is not None and not self.exit_event.is_set():
            self._output.stop_queries()
        super().disable_input()

    def close(self) -> None:
        """Wait at most 5 s until the terminal has read the sequences that restore it."""
        if self._output is not None and self._output.finish(_CLOSE_TIMEOUT_SECONDS) and self._is_restored:
            self._release()
        super().close()
        if self._rescue is not None:
            self._rescue.restore()  # the program ends before it has begun, or its output has failed
            self._release()

    def _release(self) -> None:
        if self._rescue is not None:
            self._rescue.release()
            self._rescue = None

    def process_message(self, message: Message) -> None:
        """Take replies to cursor queries, and record when keys come; runs in the thread that reads input."""
        if isinstance(message, CursorPosition):
            if self._output is not None:
                self._output.reply_received()
            return
        if isinstance(message, InputEvent) and self._output is not None:
            self._output.key_pressed()
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read keys until the input ends; as in Textual, which reads a closed terminal for ever."""
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _POLL_SECONDS)[0]:
                try:
                    data = os.read(self.fileno, _INPUT_BYTES)
                except OSError:
                    data = b""
                if not data:
                    self._end(128 + signal.SIGHUP)
                    return
                for event in parser.feed(decode(data)):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)

    def _end(self, exit_code: int) -> None:
        """Have the event loop end the program; called in any thread, at any moment."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._app.exit, None, exit_code)

    def _report_size(self) -> None:
        """Report the terminal's size to the app, unless the terminal reports it itself (mode 2048)."""
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def _repaint(self) -> None:
        """Repaint everything after frames were dropped; runs in the writer thread."""
        self._loop.call_soon_threadsafe(self._app.call_later, self._app.refresh)


class _Output(threading.Thread):
    """Writes pieces of text to a terminal in order and updates a `Throughput`, both under one lock."""

    def __init__(
        self, file: IO[str] | None, throughput: Throughput, repaint: Callable[[], None], queries: bool
    ) -> None:
        super().__init__(daemon=True, name="terminal output")
        assert file is not None, "the program has no terminal"
        self._file_number = file.fileno()
        self._throughput, self._repaint, self._queries = throughput, repaint, queries
        self._pieces: deque[tuple[bytes, bool]] = deque()  # each with whether it is a frame, or the rest of one
        self._waiting = 0
        self._has_dropped = False
        self._ending = False
        self._changed = threading.Condition()

    def put(self, data: str) -> None:
        """Queue `data`; if too much is waiting, drop frames."""
        is_frame = _FRAME_START.match(data) is not None
        piece = (compact_sgr(data) if is_frame else data).encode("utf-8", errors="replace")
        with self._changed:
            if self._waiting > _MAX_BACKLOG:
                self._drop_frames()
                self._has_dropped = True
            self._pieces.append((piece, is_frame))
            self._waiting += len(piece)
            self._throughput.queued(len(piece))
            self._changed.notify_all()

    def drop_frames(self) -> None:
        """Drop the frames that are not written yet."""
        with self._changed:
            self._drop_frames()

    def reply_received(self) -> None:
        """Record the terminal's reply to a cursor query."""
        with self._changed:
            self._throughput.reply_received(time.monotonic())
            self._changed.notify_all()

    def key_pressed(self) -> None:
        """Record a key or a mouse event."""
        with self._changed:
            self._throughput.key_pressed(time.monotonic())

    def room(self) -> float:
        """Return how many bytes may be written now."""
        with self._changed:
            return self._throughput.room(time.monotonic())

    def stop_queries(self) -> None:
        """Send no more queries; wait up to 0.3 s for the reply to the last one."""
        with self._changed:
            self._queries = False
            self._changed.wait_for(lambda: not self._throughput.awaits_reply, _REPLY_TIMEOUT_SECONDS)

    def finish(self, seconds: float) -> bool:
        """End once everything is written, or after `seconds`; return whether everything is written."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self.join(seconds)
        return not self.is_alive() and not self._pieces

    def run(self) -> None:
        """Write until `finish` is called and the queue is empty."""
        while chunk := self._next_chunk():
            while chunk:
                began = time.monotonic()
                while not self._has_room():
                    with self._changed:
                        self._throughput.blocked(time.monotonic())
                waited = time.monotonic() - began
                count = self._write(chunk)
                with self._changed:
                    self._throughput.wrote(count, waited, time.monotonic())
                chunk = chunk[count:]

    def _next_chunk(self) -> bytes:
        """Wait for the next bytes to write, or for a query to send; empty at the end."""
        with self._changed:
            while not self._pieces:
                self._throughput.drained()
                if self._ending:
                    return b""
                if self._has_dropped:
                    self._has_dropped = False
                    self._repaint()
                if self._queries and self._throughput.should_query(time.monotonic()):
                    # recorded before the write, as the reply may come before that returns
                    self._throughput.query_sent(len(_CURSOR_QUERY), time.monotonic())
                    return _CURSOR_QUERY
                self._changed.wait()
            chunk, is_frame = self._pieces.popleft()
            while self._pieces and len(chunk) < _CHUNK_BYTES:
                piece, is_frame = self._pieces.popleft()
                chunk += piece
            if len(chunk) > _CHUNK_BYTES:
                self._pieces.appendleft((chunk[_CHUNK_BYTES:], is_frame))
                chunk = chunk[:_CHUNK_BYTES]
            self._waiting -= len(chunk)
            return chunk

    def _drop_frames(self) -> None:
        kept = [(piece, is_frame) for piece, is_frame in self._pieces if not is_frame]
        dropped = self._waiting - sum(len(piece) for piece, _ in kept)
        self._pieces = deque(kept)
        self._waiting -= dropped
        self._throughput.queued(-dropped)

    def _has_room(self) -> bool:
        return bool(select.select([], [self._file_number], [], _POLL_SECONDS)[1])

    def _write(self, chunk: bytes) -> int:
        """Write some of `chunk` and return how much the terminal took."""
        try:
            return os.write(self._file_number, chunk)
        except BlockingIOError:  # the parent may have set O_NONBLOCK on the terminal
            return 0
        except OSError:  # the terminal is gone; the input thread reports it
            return len(chunk)
