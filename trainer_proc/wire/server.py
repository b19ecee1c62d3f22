"""The trainer's side of the wire: one thread that owns the frame numbers, the journal and both sockets.

Other threads only put bodies on a queue, so the training never waits for a disk or for a dashboard. The sockets
follow the ZeroMQ guide's "Clone" pattern (https://zguide.zeromq.org/docs/chapter5/): frames leave on an XPUB,
which drops for slow subscribers instead of waiting, and requests come in on a ROUTER.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec
import zmq

from trainer_proc.wire.connection import write_connection
from trainer_proc.wire.journal import JournalWriter
from trainer_proc.wire.messages import (
    WELCOME,
    Accepted,
    Body,
    Command,
    Frame,
    Refused,
    decode_request,
    encode,
)
from trainer_proc.wire.run_folder import RunFolder

_LONGEST_SOCKET_FOLDER = 80
"""A Unix socket's path may have 107 bytes; this leaves room for the file's name."""


class WireServer:
    """Publishes a run's frames and answers its requests until closed."""

    def __init__(self, folder: RunFolder, answer: Callable[[Command], str | int | None]) -> None:
        """Open the journal and the sockets, write the connection file and start the thread.

        `answer` is called on the server's thread and must return within milliseconds: a number or None accepts
        the command (the number is an intervention's), a string refuses it with that reason.
        Raises `OSError` or `JournalDamaged`.
        """
        self._folder = folder
        self._answer = answer
        self._journal = JournalWriter(folder.journal)
        self._unwritten: deque[bytes] = deque()
        self._next_number = self._journal.next_number
        self._bodies: SimpleQueue[tuple[float, Body]] = SimpleQueue()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        os.set_blocking(self._wake_reader, False)
        self._closing = False
        self._socket_folder = _make_socket_folder()
        self._context = zmq.Context()
        self._publish = self._context.socket(zmq.XPUB)
        self._publish.setsockopt(zmq.XPUB_WELCOME_MSG, WELCOME)
        self._publish.setsockopt(zmq.SNDHWM, 10_000)
        self._control = self._context.socket(zmq.ROUTER)
        publish, control = (f"ipc://{self._socket_folder}/{name}" for name in ("publish", "control"))
        self._publish.bind(publish)
        self._control.bind(control)
        write_connection(folder, publish, control)
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    def emit(self, body: Body) -> None:
        """Number, journal and publish `body`, soon. Any thread may call this; it never blocks."""
        self._bodies.put((time.time(), body))
        self._wake()

    def close(self) -> None:
        """Write and send what was emitted, then end the thread and remove the connection file."""
        self._closing = True
        self._wake()
        self._thread.join()
        self._folder.connection.unlink(missing_ok=True)
        for socket in (self._publish, self._control):
            socket.close(linger=1000)
        self._context.term()
        self._journal.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _wake(self) -> None:
        try:
            os.write(self._wake_writer, b"\0")
        except BlockingIOError:
            pass  # a full pipe wakes the thread as well

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._wake_reader, zmq.POLLIN)
        poller.register(self._control, zmq.POLLIN)
        poller.register(self._publish, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._control in ready:
                self._answer_requests()
            if self._publish in ready:
                self._publish.recv(zmq.NOBLOCK)  # a subscription; the welcome message has answered it
            if self._wake_reader in ready:
                os.read(self._wake_reader, 65536)
            closing = self._closing
            self._send_frames()
            if closing:
                return

    def _answer_requests(self) -> None:
        while True:
            try:
                client, *_, data = self._control.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                request = decode_request(data)
            except msgspec.DecodeError as error:
                reply: Accepted | Refused = Refused(0, f"the request can't be read: {error}; update the dashboard")
            else:
                answer = self._answer(request.command)
                if isinstance(answer, str):
                    reply = Refused(request.id, answer)
                else:
                    reply = Accepted(request.id, answer)
            self._control.send_multipart([client, encode(reply)], zmq.NOBLOCK)

    def _send_frames(self) -> None:
        while True:
            try:
                when, body = self._bodies.get_nowait()
            except Empty:
                return
            data = encode(Frame(self._next_number, when, body))
            self._next_number += 1
            self._write(data)
            self._publish.send(data, zmq.NOBLOCK)

    def _write(self, data: bytes) -> None:
        """Append to the journal; frames that a full disk refused are kept and written first, in order, later."""
        failed_before = bool(self._unwritten)
        self._unwritten.append(data)
        try:
            while self._unwritten:
                self._journal.append(self._unwritten[0])
                self._unwritten.popleft()
        except OSError as error:
            if not failed_before:
                print(f"[journal] {self._folder.journal}: {error}; will be written when possible", file=sys.stderr)  # noqa: T201


def _make_socket_folder() -> Path:
    """Make a folder that only its owner can enter, with a path short enough for Unix sockets."""
    base = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="humanoid-tui-", dir=base if len(base) < _LONGEST_SOCKET_FOLDER else "/tmp")
    return Path(folder)
