"""The wire process: `python -m trainer_proc.wire.server RUN_DIR SOCKETS_FOLDER PID`, started by training process PID.

It owns the frame numbers, the journal and the sockets, in one thread. The sockets follow the ZeroMQ guide's "Clone"
pattern (https://zguide.zeromq.org/docs/chapter5/): frames leave on an XPUB, which drops for slow subscribers instead
of waiting, and requests come in on a ROUTER. It outlives a training process that is killed for long enough to say so.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec
import zmq

from trainer_proc.contract.codec import decode_from_trainer, decode_request, encode
from trainer_proc.contract.connection import write_connection
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import (
    TERMINAL_PHASES,
    WELCOME,
    Body,
    Frame,
    InterventionApplied,
    InterventionQueued,
    PhaseChanged,
)
from trainer_proc.contract.orders import Closing, Ready
from trainer_proc.contract.requests import Accepted, Export, Pause, Refused, Reply, Request, Resume, Save, Stop
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import FRAMES, ORDERS
from trainer_proc.wire.request_validator import RequestValidator

_PARENT_CHECK_MS = 200
_DIED = "the training process died (killed, out of memory, or crashed): see console.log"
_STOPPED = "stopped before the first iteration"


class WireServer:
    """Publishes a run's frames and answers its requests until the training process is done or dead."""

    def __init__(self, folder: RunFolder, sockets_folder: Path, trainer_pid: int) -> None:
        """Open the journal and the sockets and write the connection file. Raises `OSError` or `JournalUnreadable`."""
        self._folder = folder
        self._sockets_folder = sockets_folder
        self._trainer_pid = trainer_pid
        self._has_interrupted = False
        self._journal = JournalWriter(folder.journal)
        self._validator = RequestValidator(_next_intervention(folder.journal))
        self._next_number = self._journal.next_number
        self._unwritten: deque[bytes] = deque()
        self._context = zmq.Context()
        self._frames = self._context.socket(zmq.PULL)
        self._frames.setsockopt(zmq.RCVHWM, 0)
        self._orders = self._context.socket(zmq.PUSH)
        self._orders.setsockopt(zmq.SNDHWM, 0)  # the trainer takes them at its boundaries, however many there are
        self._publish = self._context.socket(zmq.XPUB)
        self._publish.setsockopt(zmq.XPUB_WELCOME_MSG, WELCOME)
        self._publish.setsockopt(zmq.SNDHWM, 10_000)
        self._control = self._context.socket(zmq.ROUTER)
        self._frames.connect(f"ipc://{sockets_folder}/{FRAMES}")
        self._orders.connect(f"ipc://{sockets_folder}/{ORDERS}")
        publish, control = (f"ipc://{sockets_folder}/{name}" for name in ("publish", "control"))
        self._publish.bind(publish)
        self._control.bind(control)
        write_connection(folder, publish, control)
        self._orders.send(encode(Ready()))

    def run(self) -> None:
        """Serve; return when the training process has said goodbye or died."""
        poller = zmq.Poller()
        for socket in (self._frames, self._control, self._publish):
            poller.register(socket, zmq.POLLIN)
        try:
            while True:
                ready = dict(poller.poll(_PARENT_CHECK_MS))
                if self._control in ready:
                    self._answer_requests()
                if self._publish in ready:
                    self._publish.recv(zmq.NOBLOCK)  # a subscription; the welcome message has answered it
                if self._frames in ready and self._take_frames():
                    return
                if os.getppid() != self._trainer_pid:
                    self._tell_of_its_death()
                    shutil.rmtree(self._sockets_folder, ignore_errors=True)
                    return
        finally:
            self._close()

    def _tell_of_its_death(self) -> None:
        """Publish what the training process still said, and its death unless it had ended.

        A script that isn't yet in `learn` knows nothing of our signal and ends by it.
        """
        while self._frames.poll(_PARENT_CHECK_MS):
            if self._take_frames():
                return
        if self._validator.phase.phase not in TERMINAL_PHASES:
            ending = PhaseChanged("finished", _STOPPED) if self._has_interrupted else PhaseChanged("failed", _DIED)
            self._send(
                time.time(), msgspec.structs.replace(ending, kernel_modules=self._validator.phase.kernel_modules)
            )

    def _take_frames(self) -> bool:
        """Publish what the training process has sent; return whether it said goodbye."""
        while True:
            try:
                message = decode_from_trainer(self._frames.recv(zmq.NOBLOCK))
            except zmq.Again:
                return False
            if isinstance(message, Closing):
                return True
            self._send(message.time, self._validator.observe(message.body))

    def _answer_requests(self) -> None:
        while True:
            try:
                client, *_, data = self._control.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._control.send_multipart([client, encode(self._reply(data))], zmq.NOBLOCK)

    def _reply(self, data: bytes) -> Reply:
        try:
            request = decode_request(data)
        except msgspec.DecodeError as error:
            return _refused(0, f"the request can't be read: {error}; use the dashboard of the trainer's version")
        answer = self._validator.answer(request.command)
        if isinstance(answer, Refused):
            return _refused(request.id, answer.reason)
        self._order(request, answer)
        if answer is None:
            return Accepted(request.id)
        return Accepted(request.id, answer.number, self._validator.cost(answer))

    def _order(self, request: Request, queued: InterventionQueued | None) -> None:
        """Pass an accepted request on to the training process."""
        command = request.command
        with suppress(zmq.Again, ProcessLookupError):  # a training process that has just died: the loop will tell
            if queued is not None:
                self._send(time.time(), queued)
                self._orders.send(encode(queued), zmq.NOBLOCK)
            elif isinstance(command, Pause | Resume | Stop | Save | Export):
                self._orders.send(encode(command), zmq.NOBLOCK)
                if isinstance(command, Stop) and not self._validator.has_iterated:
                    os.kill(self._trainer_pid, signal.SIGTERM)  # no boundary comes during the build
                    self._has_interrupted = True

    def _send(self, when: float, body: Body) -> None:
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
                _complain(f"{self._folder.journal}: {error}; will be written when possible")

    def _close(self) -> None:
        self._folder.connection.unlink(missing_ok=True)
        for socket in (self._frames, self._orders, self._publish, self._control):
            socket.close(linger=1000)
        self._context.term()
        self._journal.close()


def main() -> int:
    """Serve one run; return 0, or 1 with a line on standard error if its files can't be opened."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the training process decides when it ends, and this follows
    run_path, sockets_path, trainer_pid = sys.argv[1:]
    try:
        server = WireServer(RunFolder(Path(run_path)), Path(sockets_path), int(trainer_pid))
    except (OSError, JournalUnreadable) as error:
        _complain(str(error))
        return 1
    server.run()
    return 0


def _next_intervention(journal: Path) -> int:
    """Return the number after those of an earlier training process in the same folder, 1 as a rule."""
    bodies = (frame.body for frame in JournalReader(journal).read_new())
    numbers = (body.number for body in bodies if isinstance(body, InterventionQueued | InterventionApplied))
    return max(numbers, default=0) + 1


def _refused(request_id: int, reason: str) -> Refused:
    """Make one line of a reason that quotes what was asked for."""
    return Refused(request_id, " ".join(reason.split()))


def _complain(message: str) -> None:
    with suppress(OSError):  # console.log may lie on the disk that is full
        print(f"[wire] {message}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
