"""The training process's link to the wire process (`trainer_proc.wire.server`).

Loading torch or compiling kernels can hold Python's global lock for 0.3 s. A thread could not answer a request within
10 ms then; a small process can. Here, sending is a non-blocking put on a ZeroMQ queue, and receiving happens at
iteration boundaries only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import zmq

from curricula.errors import UserError
from trainer_proc.contract.child_process import start_python
from trainer_proc.contract.codec import decode_order, encode
from trainer_proc.contract.messages import InterventionQueued, TrainerBody
from trainer_proc.contract.orders import Closing, Emitted, Order, Ready
from trainer_proc.contract.run_folder import RunFolder

FRAMES, ORDERS, ROBOT = "frames", "orders", "robot"
_MOST_UNSENT = 100
"""Messages of the robot that wait for a viewer; of one that stops reading, newer ones are dropped."""
_LONGEST_FOLDER = 80
"""Bytes; a Unix socket's path may have 107, the rest is for the file's name."""
_START_SECONDS = 60.0
_CUT_OFF = "the wire process died: training continues without a record, and only SIGTERM stops it"


class WireError(UserError):
    """The wire process could not start; the message is one line."""


class TrainerLink:
    """Starts the wire process and exchanges messages with it. `emit` is thread-safe, the other methods are not.

    The constructor waits until the journal and the sockets are open. Raises `WireError`.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._sockets_folder = _make_sockets_folder()
        self._context = zmq.Context()
        self._frames = self._context.socket(zmq.PUSH)
        self._frames.setsockopt(zmq.SNDHWM, 0)  # no limit: frames are small and sending must not block
        self._orders = self._context.socket(zmq.PULL)
        self._orders.setsockopt(zmq.RCVHWM, 0)
        self.robot = self._bind_robot()
        """Publishes `contract.robot` straight to viewers, for `trainer_proc.robot_stream`."""
        self._frames.bind(f"ipc://{self._sockets_folder}/{FRAMES}")
        self._orders.bind(f"ipc://{self._sockets_folder}/{ORDERS}")
        self._send_lock = threading.Lock()
        self._is_cut_off = False
        arguments = (str(folder.path), str(self._sockets_folder), str(os.getpid()))
        self._process = start_python("-m", "trainer_proc.wire.server", *arguments, stdin=subprocess.DEVNULL)
        self._await_ready()

    def emit(self, body: TrainerBody) -> None:
        """Send `body` to be numbered, journaled and published. Never blocks; without a wire process, `body` is lost."""
        data = encode(Emitted(time.time(), body))
        with self._send_lock:
            if self._frames.closed:  # a script may continue after the run has ended
                return
            try:
                self._frames.send(data, zmq.NOBLOCK)
            except zmq.Again:  # the queue has no limit, so the peer is gone
                self._report_cut_off()

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return the orders that have arrived, waiting up to `timeout_seconds` for the first."""
        orders: list[Order | InterventionQueued] = []
        if self._orders.closed:
            return orders
        if timeout_seconds:
            self._orders.poll(int(timeout_seconds * 1000))
        while True:
            try:
                orders.append(decode_order(self._orders.recv(zmq.NOBLOCK)))
            except zmq.Again:
                return orders

    def close(self) -> None:
        """Wait until the wire process has written and sent everything, and end it."""
        if self._process.poll() is None:
            with self._send_lock, suppress(zmq.Again):
                self._frames.send(encode(Closing()), zmq.NOBLOCK)
            self._process.wait()
        self._release()

    def _bind_robot(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.XPUB)
        socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # each new viewer is reported, and gets the scene
        socket.setsockopt(zmq.SNDHWM, _MOST_UNSENT)
        socket.bind(f"ipc://{self._sockets_folder}/{ROBOT}")
        return socket

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not any(isinstance(order, Ready) for order in self.receive(timeout_seconds=0.1)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._release()
                raise WireError("the wire process did not start: see the line above or console.log")
        self._frames.poll(int(_START_SECONDS * 1000), zmq.POLLOUT)  # this socket may connect a little later

    def _report_cut_off(self) -> None:
        if not self._is_cut_off:
            self._is_cut_off = True
            with suppress(OSError):
                print(f"[wire] {_CUT_OFF}", file=sys.stderr)  # noqa: T201

    def _release(self) -> None:
        self._frames.close(linger=0)
        self.robot.close(linger=0)
        self._orders.close(linger=0)
        self._context.term()
        shutil.rmtree(self._sockets_folder, ignore_errors=True)


def _make_sockets_folder() -> Path:
    """Create a private folder with a path short enough for Unix sockets."""
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="humanoid-tui-", dir=base if len(base) < _LONGEST_FOLDER else os.sep + "tmp"))
