"""Shows the robot of a run like that of a training: a folder among the runs, and a socket for viewers.

The folder exists while the policy runs. Pictures are made only while somebody watches.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import zmq

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.connection import make_sockets_folder, remove_connection, write_connection
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

    def __init__(self, folder: RunFolder, card: PolicyCard, scene: Scene) -> None:
        """Create the run's folder. Raises `OSError`."""
        self._folder, self._scene = folder, scene
        folder.path.mkdir(parents=True)
        folder.write_spec(
            RunSpec(
                preset="run-policy",
                backend=card.backend,
                task=card.task,
                experiment=folder.path.parent.name,
                device="cpu",
                num_envs=1,
                iterations=1,
                seed=0,
            )
        )
        self._sockets = make_sockets_folder()
        addresses = [f"ipc://{self._sockets}/{name}" for name in ("frames", "requests", "robot")]
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, _MOST_UNSENT)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.bind(addresses[2])
        write_connection(folder, *addresses)
        self._topics: set[bytes] = set()
        self._next_look = self._next_picture = 0.0

    def show(self, make: Callable[[], Picture]) -> None:
        """Send a picture if one is due and watched."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._take_subscriptions()
        if self._topics and now >= self._next_picture:
            self._next_picture = now + PICTURE_SECONDS
            picture = make()
            for topic in self._topics:
                self._send(topic, picture)

    def close(self) -> None:
        """Remove the folder, and everything in it that is this run's."""
        self._socket.close()
        remove_connection(self._folder)
        self._folder.spec_file.unlink(missing_ok=True)
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

    def _send(self, topic: bytes, message: RobotMessage) -> None:
        with suppress(zmq.Again):
            self._socket.send_multipart([topic, encode_robot(message)], zmq.NOBLOCK)


def telemetry_folder(log_root: Path, name: str) -> RunFolder:
    """Return the folder of a run that begins now."""
    return RunFolder(log_root / "deploy" / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{name}")
