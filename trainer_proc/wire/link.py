"""The training process's link to the wire process (`trainer_proc.wire.server`).

Loading torch or compiling kernels can hold Python's global lock for 0.3 s. A thread could not answer a request within
10 ms then; a small process can. Here, sending is a non-blocking put on a ZeroMQ queue, and receiving happens at
iteration boundaries only.

A wire process that dies is replaced. Messages are kept until it has reported that they are in the journal.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress

import zmq

from curricula.errors import UserError
from trainer_proc.contract.child_process import start_python
from trainer_proc.contract.codec import decode_order, encode
from trainer_proc.contract.connection import make_sockets_folder
from trainer_proc.contract.messages import InterventionQueued, PhaseChanged, TrainerBody
from trainer_proc.contract.monitoring import WireRestarted
from trainer_proc.contract.orders import Closing, Emitted, Order, Ready, Recorded
from trainer_proc.contract.requests import Stop
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import RunIsTraining, TrainerLock
from trainer_proc.contract.wire_keys import read_keys
from trainer_proc.wire.remote import RemoteAccess

FRAMES, ORDERS, ROBOT = "frames", "orders", "robot"
_MOST_UNSENT = 100
"""Messages of the robot that wait for a viewer; of one that stops reading, newer ones are dropped."""
_START_SECONDS = 60.0
_MOST_RESTARTS, _MOST_FAILED_STARTS = 100, 3
"""Restarts of a training's wire process, in all and without one that listens in between."""
_RESTARTED = "the wire process died: a new one continues the record"
_LOST = "the wire process died and can't be restarted: saving a checkpoint and stopping"


class WireError(UserError):
    """The wire process could not start; the message is one line."""


class TrainerLink:
    """Starts the wire process and exchanges messages with it. `emit` is thread-safe, the other methods are not.

    The constructor takes the lock of the run and waits until the journal and the sockets are open. Raises `WireError`.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        try:
            self._lock = TrainerLock(folder)
        except (RunIsTraining, OSError) as error:
            raise WireError(str(error)) from None
        self._sockets_folder = make_sockets_folder()
        self._context = zmq.Context()
        self._orders = self._context.socket(zmq.PULL)
        self._orders.setsockopt(zmq.RCVHWM, 0)
        keys = read_keys(folder)
        self._remote = None if keys is None else RemoteAccess(self._context, keys)
        self._remote_robot = ""
        """TCP address of the robot's socket; empty without keys."""
        self.robot = self._bind_robot()
        """Publishes `contract.robot` straight to viewers, for `trainer_proc.robot_stream`."""
        self._orders.bind(f"ipc://{self._sockets_folder}/{ORDERS}")
        self._send_lock = threading.Lock()
        self._unsent: deque[bytes] = deque()
        self._sent: deque[bytes] = deque()
        """Messages that the present wire process has got, and has not reported as recorded."""
        self._recorded = 0
        """Messages that it has recorded."""
        self._generation = 0
        self._listening = -1
        """Generation of the newest wire process that has reported to listen."""
        self._failed_starts = 0
        self._received: dict[int, InterventionQueued] = {}
        """Changes by number, which a wire process that knows nothing of the last ones gives again."""
        self._is_closed = self._is_lost = False
        self._frames = self._bind_frames()
        self._process = self._start()
        try:
            self._await_ready()
        except WireError:
            self._release()
            raise

    def emit(self, body: TrainerBody) -> None:
        """Send `body` to be numbered, journaled and published. Never blocks; a dead wire process is replaced."""
        data = encode(Emitted(time.time(), body))
        with self._send_lock:
            if self._is_closed:  # a script may continue after the run has ended
                return
            if isinstance(body, PhaseChanged) and body.phase in ("finished", "failed"):
                self._lock.note_end(body.phase, body.detail)
            if self._is_lost:
                return
            self._unsent.append(data)
            self._replace_if_dead()
            self._send()

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return the orders that have arrived, waiting up to `timeout_seconds` for the first.

        Without a wire process that can be restarted, that is a stop.
        """
        if self._orders.closed:
            return []
        with self._send_lock:
            self._replace_if_dead()
            self._send()
        orders = self._take_orders(timeout_seconds)
        return [*orders, Stop()] if self._is_lost else orders

    def close(self) -> None:
        """Wait until the wire process has written and sent everything, and end it."""
        while not (self._is_closed or self._is_lost):
            with suppress(WireError):
                self._await_ready()
                if self._has_closed():
                    break
            with self._send_lock:
                self._replace_if_dead()
        self._release()

    def _has_closed(self) -> bool:
        """Have the wire process end; return whether it has recorded everything before."""
        with self._send_lock:
            self._unsent.append(encode(Closing()))
            self._send()
        return self._process.wait() == 0

    def _take_orders(self, timeout_seconds: float) -> list[Order | InterventionQueued]:
        orders: list[Order | InterventionQueued] = []
        if timeout_seconds:
            self._orders.poll(int(timeout_seconds * 1000))
        while True:
            try:
                order = decode_order(self._orders.recv(zmq.NOBLOCK))
            except zmq.Again:
                return orders
            match order:
                case Ready(generation=generation):
                    self._listening, self._failed_starts = generation, 0
                case Recorded(generation=generation, count=count):
                    self._forget(generation, count)
                case InterventionQueued(number=number) if self._received.get(number) == order:
                    pass  # repeated by a new wire process
                case InterventionQueued(number=number):
                    self._received[number] = order
                    orders.append(order)
                case _:
                    orders.append(order)

    def _forget(self, generation: int, count: int) -> None:
        """Forget what the present wire process has recorded: the first `count` messages that it has got."""
        with self._send_lock:
            while generation == self._generation and self._recorded < count:
                self._sent.popleft()
                self._recorded += 1

    def _send(self) -> None:
        """Send what is unsent, in order; a wire process may not have started, or not listen yet."""
        with suppress(zmq.ZMQError):
            while self._unsent:
                self._frames.send(self._unsent[0], zmq.NOBLOCK)
                self._sent.append(self._unsent.popleft())

    def _replace_if_dead(self) -> None:
        """Start a new wire process in place of a dead one, which gets all that the old one has not recorded."""
        if self._is_lost or self._is_closed or self._process.poll() is None:
            return
        self._failed_starts += 1
        self._is_lost = self._failed_starts > _MOST_FAILED_STARTS or self._generation >= _MOST_RESTARTS
        with suppress(OSError):
            print(f"[wire] {_LOST if self._is_lost else _RESTARTED}", file=sys.stderr)  # noqa: T201
        if self._is_lost:
            return
        self._generation += 1
        closing = encode(Closing())
        self._unsent = deque(data for data in (*self._sent, *self._unsent) if data != closing)
        self._sent.clear()
        self._recorded = 0
        self._unsent.append(encode(Emitted(time.time(), WireRestarted(self._generation))))
        self._frames.close(linger=0)  # what it still holds is sent again
        with suppress(OSError, zmq.ZMQError):  # no room for a process, or no folder: the next call tries again
            self._frames = self._bind_frames()
            self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        arguments = (str(self._folder.path), str(self._sockets_folder), str(os.getpid()), str(self._generation))
        remote = [self._remote_robot] * bool(self._remote_robot)
        return start_python("-m", "trainer_proc.wire.server", *arguments, *remote, stdin=subprocess.DEVNULL)

    def _bind_frames(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.PUSH)
        socket.setsockopt(zmq.SNDHWM, 0)  # no limit: frames are small and sending must not block
        try:
            socket.bind(f"ipc://{self._sockets_folder}/{FRAMES}{self._generation}")
        except zmq.ZMQError:
            socket.close()
            raise
        return socket

    def _bind_robot(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.XPUB)
        socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # each new viewer is reported, and gets the scene
        socket.setsockopt(zmq.SNDHWM, _MOST_UNSENT)
        if self._remote is not None:
            self._remote.secure(socket)
            self._remote_robot = self._remote.bind(socket)
        socket.bind(f"ipc://{self._sockets_folder}/{ROBOT}")
        return socket

    def _await_ready(self) -> None:
        """Wait until the present wire process listens. Raises `WireError`; it has ended then."""
        deadline = time.monotonic() + _START_SECONDS
        while self._listening != self._generation or not self._frames.poll(100, zmq.POLLOUT):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise WireError("the wire process did not start: see the line above or console.log")
            if self._listening != self._generation:
                self._take_orders(0.1)

    def _release(self) -> None:
        self._is_closed = True
        self._lock.release()
        self._frames.close(linger=0)
        self.robot.close(linger=0)
        self._orders.close(linger=0)
        if self._remote is not None:
            self._remote.close()
        self._context.term()
        shutil.rmtree(self._sockets_folder, ignore_errors=True)
