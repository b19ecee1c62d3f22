"""The training process's end of its link to the wire process (`trainer_proc.wire.server`).

Loading torch or compiling kernels can hold Python's global lock for 0.3 s, so a thread of the training process could
not answer a request within 10 ms; a small process of its own can. Here, sending is a non-blocking put on a ZeroMQ
queue and receiving happens at iteration boundaries only.
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
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.codec import decode_order, encode
from trainer_proc.contract.messages import InterventionQueued, TrainerBody
from trainer_proc.contract.orders import Closing, Emitted, Order, Ready
from trainer_proc.contract.run_folder import RunFolder

FRAMES, ORDERS = "frames", "orders"
_LONGEST_FOLDER = 80
"""A Unix socket's path may have 107 bytes; this leaves room for the file's name."""
_START_SECONDS = 60.0
_CUT_OFF = "the wire process died: the training goes on, unrecorded, and only SIGTERM stops it"


class WireError(UserError):
    """The wire process could not start; the message is one line."""


class TrainerLink:
    """Starts the wire process and talks to it. `emit` may be called by any thread, the rest by one."""

    def __init__(self, folder: RunFolder) -> None:
        """Return when the journal and the sockets are open. Raises `WireError`."""
        self._sockets_folder = _make_sockets_folder()
        self._context = zmq.Context()
        self._frames = self._context.socket(zmq.PUSH)
        self._frames.setsockopt(zmq.SNDHWM, 0)  # no limit: a frame is small, and blocking is out of the question
        self._orders = self._context.socket(zmq.PULL)
        self._orders.setsockopt(zmq.RCVHWM, 0)
        self._frames.bind(f"ipc://{self._sockets_folder}/{FRAMES}")
        self._orders.bind(f"ipc://{self._sockets_folder}/{ORDERS}")
        self._send_lock = threading.Lock()
        self._is_cut_off = False
        arguments = (str(folder.path), str(self._sockets_folder), str(os.getpid()))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainer_proc.wire.server", *arguments],
            stdin=subprocess.DEVNULL,
            env=child_environment(),
        )
        self._await_ready()

    def emit(self, body: TrainerBody) -> None:
        """Have `body` numbered, journaled and published. Never blocks; without a wire process, `body` is lost."""
        data = encode(Emitted(time.time(), body))
        with self._send_lock:
            if self._frames.closed:  # a script may save or train on after the run has ended
                return
            try:
                self._frames.send(data, zmq.NOBLOCK)
            except zmq.Again:  # with no limit to the queue, this means that nobody is there to take it
                self._complain()

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
        """Let the wire process write and send what was emitted, then end it."""
        if self._process.poll() is None:
            with self._send_lock, suppress(zmq.Again):
                self._frames.send(encode(Closing()), zmq.NOBLOCK)
            self._process.wait()
        self._release()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not any(isinstance(order, Ready) for order in self.receive(timeout_seconds=0.1)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._release()
                raise WireError("the wire process did not start: see the line above, or console.log")
        self._frames.poll(int(_START_SECONDS * 1000), zmq.POLLOUT)  # this socket may be connected a moment later

    def _complain(self) -> None:
        if not self._is_cut_off:
            self._is_cut_off = True
            with suppress(OSError):
                print(f"[wire] {_CUT_OFF}", file=sys.stderr)  # noqa: T201

    def _release(self) -> None:
        self._frames.close(linger=0)
        self._orders.close(linger=0)
        self._context.term()
        shutil.rmtree(self._sockets_folder, ignore_errors=True)


def _make_sockets_folder() -> Path:
    """Make a folder that only its owner can enter, with a path short enough for Unix sockets."""
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="humanoid-tui-", dir=base if len(base) < _LONGEST_FOLDER else os.sep + "tmp"))
