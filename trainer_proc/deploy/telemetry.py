"""Shows the robot of a run like that of a training: a folder among the runs, a socket for viewers, one for `stop`.

The folder exists while the policy runs. Pictures are made only while somebody watches.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import zmq

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.codec import decode_request, encode
from trainer_proc.contract.connection import make_sockets_folder, remove_connection, write_connection
from trainer_proc.contract.journal_records import sealed_record
from trainer_proc.contract.messages import Body, Frame, PhaseChanged, RunStarted
from trainer_proc.contract.requests import LARGEST_REQUEST, Accepted, Ping, Refused, Reply, Stop
from trainer_proc.contract.robot import RobotMessage, RobotNotice, Scene, encode_robot, selection_of
from trainer_proc.contract.robot import RobotState as Picture
from trainer_proc.contract.run_folder import RunFolder, RunSpec

PICTURE_SECONDS = 0.04
"""Time from one picture to the next."""
_LOOK_SECONDS = 0.1
"""Time between two looks for viewers."""
_MOST_UNSENT = 100
_SUBSCRIBES = 1
"""First byte of an XPUB socket's message about a subscription."""


class Telemetry:
    """Serves the viewers of one robot, whose only environment is 0. No method waits."""

    def __init__(self, folder: RunFolder, card: PolicyCard, scene: Scene, detail: str) -> None:
        """Create the run's folder; `detail` is its line of status. Raises `OSError`."""
        self.stop: Callable[[str], None] = lambda reason: None
        """Called with the reason when a viewer asks to stop."""
        self._folder, self._scene = folder, scene
        folder.path.mkdir(parents=True)
        spec = RunSpec(
            preset="run-policy",
            backend=card.backend,
            task=card.task,
            experiment=folder.path.parent.name,
            device="cpu",
            num_envs=1,
            iterations=1,
            seed=0,
        )
        try:
            folder.write_spec(spec)
            folder.journal.write_bytes(_journal(folder, spec, detail))
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        self._sockets = make_sockets_folder()
        frames, requests, robot = (f"ipc://{self._sockets}/{name}" for name in ("frames", "requests", "robot"))
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, _MOST_UNSENT)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.bind(robot)
        self._requests: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self._requests.setsockopt(zmq.LINGER, 0)
        self._requests.setsockopt(zmq.MAXMSGSIZE, LARGEST_REQUEST)
        self._requests.bind(requests)
        write_connection(folder, frames, requests, robot)
        self._topics: set[bytes] = set()
        self._next_look = self._next_picture = 0.0

    def show(self, make: Callable[[], Picture]) -> None:
        """Send a picture if one is due and watched."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._take_subscriptions()
            self._answer_requests()
        if self._topics and now >= self._next_picture:
            self._next_picture = now + PICTURE_SECONDS
            picture = make()
            for topic in self._topics:
                self._send(topic, picture)

    def close(self) -> None:
        """Remove the folder, and everything in it that is this run's."""
        self._socket.close()
        self._requests.close()
        remove_connection(self._folder)
        for file in (self._folder.journal, self._folder.spec_file):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # somebody has put another file there
            self._folder.path.rmdir()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _take_subscriptions(self) -> None:
        while True:
            try:
                message = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            topic = message[1:]
            if message[0] != _SUBSCRIBES:
                self._topics.discard(topic)
                continue
            selection = selection_of(topic)
            if selection is None:
                continue
            self._topics.add(topic)
            self._send(topic, self._scene)
            if selection.kind != "env":
                self._send(topic, RobotNotice("there is one robot"))

    def _answer_requests(self) -> None:
        while True:
            try:
                client, *_, data = self._requests.recv_multipart(zmq.NOBLOCK)
                self._requests.send_multipart([client, encode(self._reply(data))], zmq.NOBLOCK)
            except zmq.ZMQError:  # nothing left, or the asker has gone
                return

    def _reply(self, data: bytes) -> Reply:
        try:
            request = decode_request(data)
        except msgspec.DecodeError:
            return Refused(0, "expected a request, got something else: update humanoid-tui")
        match request.command:
            case Stop():
                self.stop("stopped by a viewer")
                return Accepted(request.id, message="the robot is damped")
            case Ping():
                return Accepted(request.id)
            case _:
                return Refused(request.id, "this is a policy on a robot, no training: it takes only stop")

    def _send(self, topic: bytes, message: RobotMessage) -> None:
        with suppress(zmq.Again):
            self._socket.send_multipart([topic, encode_robot(message)], zmq.NOBLOCK)


def telemetry_folder(log_root: Path, name: str) -> RunFolder:
    """Return the folder of a run that begins now."""
    return RunFolder(log_root / "deploy" / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{name}")


def _journal(folder: RunFolder, spec: RunSpec, detail: str) -> bytes:
    """Return the records that give the run its status in lists and on the dashboard."""
    started = RunStarted(
        run=folder.name,
        preset=spec.preset,
        backend=spec.backend,
        task=spec.task,
        device=spec.device,
        num_envs=spec.num_envs,
        iterations=spec.iterations,
        seed=spec.seed,
        pid=os.getpid(),
    )
    bodies: tuple[Body, ...] = (started, PhaseChanged("running", detail))
    return b"".join(sealed_record(encode(Frame(number, time.time(), body))) for number, body in enumerate(bodies))
