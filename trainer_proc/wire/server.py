"""The wire process of training process PID: `python -m trainer_proc.wire.server RUN_DIR SOCKETS PID N [ROBOT]`.

It owns the frame numbers, the journal and the sockets, in one thread. It outlives a killed training process long enough
to report it. N above 0 continues the work of N wire processes that have died. With ROBOT, the TCP address of that
process's robot, it listens on TCP too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import zmq

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.alerts.start import AlertSenders
from trainer_proc.alerts.watch import AlertWatch
from trainer_proc.contract.codec import decode_from_trainer, decode_request, encode
from trainer_proc.contract.connection import LIFE_SECONDS, Remote, remove_connection, show_life, write_connection
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.journal_records import LARGEST_FRAME
from trainer_proc.contract.limits import LATEST
from trainer_proc.contract.messages import (
    TERMINAL_PHASES,
    Body,
    Frame,
    InterventionQueued,
    PhaseChanged,
)
from trainer_proc.contract.orders import Closing, Ready, Recorded
from trainer_proc.contract.products import JOURNAL, WriteDelayed
from trainer_proc.contract.requests import (
    LARGEST_REQUEST,
    Accepted,
    Export,
    Pause,
    Refused,
    Reload,
    Reply,
    Request,
    Resume,
    Save,
    Stop,
)
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.wire_keys import read_keys
from trainer_proc.wire.console import ConsoleLimit
from trainer_proc.wire.link import ROBOT
from trainer_proc.wire.patient_journal import PatientJournal
from trainer_proc.wire.recovery import recover
from trainer_proc.wire.sockets import WireSockets
from trainer_proc.wire.stall import StallWatch

_PARENT_CHECK_MS = 200
_TURN_SECONDS = 0.002
"""Time for clients before it is the trainer's turn, and the other way round: neither keeps the other waiting."""
_LONGEST_REASON = 1000
"""Characters of a refusal, which may quote the request."""
_DIED = "the training process died (killed, out of memory, or crashed): see console.log"
_STOPPED = "stopped before the first iteration"


class WireServer:
    """Publishes a run's frames and answers requests until the training process has finished or died.

    The constructor opens journal and sockets and writes the connection file. Raises `OSError` or `JournalUnreadable`.
    """

    def __init__(
        self, folder: RunFolder, sockets_folder: Path, trainer_pid: int, generation: int, remote_robot: str = ""
    ) -> None:
        self._folder = folder
        self._sockets_folder = sockets_folder
        self._trainer_pid = trainer_pid
        self._has_interrupted = False
        self._journal = PatientJournal(folder)
        self._generation = generation
        recovered = recover(folder.journal, of_this_training=generation > 0)
        self._validator, self._recorded = recovered.validator, recovered.times
        self._stall = StallWatch(trainer_pid)
        self._taken = 0
        """Messages that the training process has sent to this process."""
        self._next_number = self._journal.next_number
        self._problem = ""
        self._console = ConsoleLimit(folder.console)
        self._alerts = AlertWatch(f"{folder.path.parent.name}/{folder.name}")
        self._senders = AlertSenders()
        keys = read_keys(folder) if remote_robot else None
        self._sockets = WireSockets(sockets_folder, generation, keys)
        write_connection(
            folder, *self._sockets.addresses, robot=f"ipc://{sockets_folder}/{ROBOT}", remote=self._remote(remote_robot)
        )
        self._shown = time.monotonic()
        """When other machines were shown that the trainer lives."""
        self._sockets.orders.send(encode(Ready(generation)))
        for queued in recovered.waiting:  # the training process knows those that it has
            self._sockets.orders.send(encode(queued))

    def _remote(self, robot: str) -> Remote | None:
        """Return the addresses for other machines, with this one of the robot; None if they can't reach it."""
        addresses = self._sockets.remote_addresses
        return None if addresses is None else Remote(*addresses, robot, self._folder.path.stat().st_ino)

    def run(self) -> None:
        """Serve until the training process has sent `Closing` or died."""
        sockets, poller = self._sockets, zmq.Poller()
        for socket in (sockets.frames, sockets.control, sockets.publish):
            poller.register(socket, zmq.POLLIN)
        try:
            while True:
                ready = dict(poller.poll(0 if self._console.is_copying else _PARENT_CHECK_MS))
                if sockets.control in ready:
                    self._answer_requests()
                if sockets.publish in ready:
                    self._take_subscription()
                if sockets.frames in ready and self._take_frames():
                    return
                if problem := self._console.work():
                    _complain(problem)
                if stalled := self._stall.check():
                    self._send(time.time(), stalled)
                if sockets.remote_addresses is not None and time.monotonic() - self._shown > LIFE_SECONDS:
                    self._shown = time.monotonic()
                    show_life(self._folder)
                if not ready and self._problem:
                    self._report(self._journal.write())
                if os.getppid() != self._trainer_pid:
                    self._report_death()
                    shutil.rmtree(self._sockets_folder, ignore_errors=True)
                    return
        finally:
            self._close()

    def _report_death(self) -> None:
        """Publish the remaining frames, then the death unless the training had ended.

        Our signal kills a script that has not reached `learn`; that counts as a stop.
        """
        while self._sockets.frames.poll(_PARENT_CHECK_MS):
            if self._take_frames():
                return
        if self._validator.phase.phase not in TERMINAL_PHASES:
            ending = PhaseChanged("finished", _STOPPED) if self._has_interrupted else PhaseChanged("failed", _DIED)
            self._send(
                time.time(), msgspec.structs.replace(ending, kernel_modules=self._validator.phase.kernel_modules)
            )

    def _take_frames(self) -> bool:
        """Publish the next frames that have arrived; return whether `Closing` was among them."""
        end = time.monotonic() + _TURN_SECONDS
        while time.monotonic() < end:
            try:
                data = self._sockets.frames.recv(zmq.NOBLOCK)
                self._taken += 1
                message = decode_from_trainer(data)
            except zmq.Again:
                self._confirm()
                return False
            except msgspec.DecodeError as error:
                _complain(f"a message of the training can't be read and is left out: {error}")
                continue
            if isinstance(message, Closing):
                return True
            self._stall.observe(message.body)
            if message.time not in self._recorded:
                self._send(message.time, self._validator.observe(message.body))
        self._confirm()
        return False

    def _confirm(self) -> None:
        """Have the training process forget what is in the journal; without that, another wire process would get it."""
        if not self._journal.unwritten:
            with suppress(zmq.Again):
                self._sockets.orders.send(encode(Recorded(self._generation, self._taken)), zmq.NOBLOCK)

    def _take_subscription(self) -> None:
        """Send a new subscriber what it can't find in the journal yet; the others know it by its numbers."""
        if self._sockets.publish.recv(zmq.NOBLOCK).startswith(b"\x01"):  # else it has left
            for data in self._journal.unwritten:
                self._sockets.publish.send(data, zmq.NOBLOCK)

    def _answer_requests(self) -> None:
        """Answer the next requests; the socket takes them from its clients in turns."""
        end = time.monotonic() + _TURN_SECONDS
        while time.monotonic() < end:
            try:
                client, *_, data = self._sockets.control.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._sockets.control.send_multipart([client, encode(self._reply(data))], zmq.NOBLOCK)

    def _reply(self, data: bytes) -> Reply:
        if len(data) > LARGEST_REQUEST:
            return _refused(0, f"expected a request of at most {LARGEST_REQUEST} bytes, got {len(data)}")
        try:
            request = decode_request(data)
        except msgspec.DecodeError as error:
            return _refused(0, f"the request can't be read: {error}; use a dashboard of the trainer's version")
        answer = self._validator.answer(request.command)
        if isinstance(answer, Refused):
            return _refused(request.id, answer.reason)
        self._order(request, answer)
        if answer is None:
            return Accepted(request.id)
        return Accepted(request.id, answer.number, self._validator.cost(answer))

    def _order(self, request: Request, queued: InterventionQueued | None) -> None:
        """Forward an accepted request to the training process."""
        command = request.command
        with suppress(zmq.Again, ProcessLookupError):  # it has just died; the loop will report it
            if queued is not None:
                self._send(time.time(), queued)
                self._sockets.orders.send(encode(queued), zmq.NOBLOCK)
            elif isinstance(command, Pause | Resume | Reload | Stop | Save | Export):
                self._sockets.orders.send(encode(command), zmq.NOBLOCK)
                if isinstance(command, Stop) and not self._validator.has_iterated:
                    os.kill(self._trainer_pid, signal.SIGTERM)  # there is no boundary during the build
                    self._has_interrupted = True

    def _send(self, when: float, body: Body) -> None:
        data = encode(Frame(self._next_number, min(max(when, 0.0), LATEST), body))
        if len(data) > LARGEST_FRAME:
            _complain(f"{type(body).__name__} of {len(data)} bytes is left out: the journal holds {LARGEST_FRAME}")
            return
        self._next_number += 1
        problem = self._journal.append(data)
        self._sockets.publish.send(data, zmq.NOBLOCK)
        self._report(problem)
        alert = self._alerts.observe(when, body)
        if alert is not None and (problem := self._senders.send(alert)):
            _complain(problem)

    def _report(self, problem: str) -> None:
        """Publish that the journal can't be written, or can be again."""
        if bool(problem) != bool(self._problem):
            self._problem = problem
            if problem:
                _complain(f"{self._folder.journal}: {problem}; retrying with every frame")
            self._send(time.time(), WriteDelayed(JOURNAL, problem))

    def _close(self) -> None:
        with suppress(OSError):
            remove_connection(self._folder)
        self._journal.try_to_the_end()
        self._console.close()
        self._sockets.close()
        self._journal.close()


def main() -> int:
    """Serve one run; return 0, or 1 if its files can't be opened, with one line on standard error."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # it ends when the training process does
    run_path, sockets_path, trainer_pid, generation, *remote = sys.argv[1:]
    try:
        server = WireServer(RunFolder(Path(run_path)), Path(sockets_path), int(trainer_pid), int(generation), *remote)
    except (OSError, JournalUnreadable) as error:
        _complain(str(error))
        return 1
    server.run()
    return 0


def _refused(request_id: int, reason: str) -> Refused:
    """Return a refusal with its reason in one line, as it may quote the request."""
    return Refused(request_id, " ".join(reason.split())[:_LONGEST_REASON])


def _complain(message: str) -> None:
    with suppress(OSError):  # console.log may be on the full disk
        print(f"[wire] {message}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
