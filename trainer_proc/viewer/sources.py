"""Where the states come from that a viewer shows; each is used only while somebody watches."""

from __future__ import annotations

import time
from typing import Protocol

import msgspec
import zmq

from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.robot import RobotNotice, RobotState, Scene, Selection, decode_robot
from trainer_proc.contract.robot_socket import watching_socket
from trainer_proc.contract.rollout import Rollout
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import WorkerError

_WAIT_SECONDS = 0.2
_FEW = 50
"""Messages that may wait: a slow browser sees the newest."""
_SCENE_SECONDS = 60.0
"""Longest wait for the scene, which a training sends between two steps."""


class Source(Protocol):
    """The states of one robot."""

    def scene(self) -> Scene:
        """Return the robot. Raises `WorkerError`."""

    def is_alive(self) -> bool:
        """Return whether states may still come."""

    def next(self) -> RobotState | None:
        """Wait for the next state and return it; None if none came for a moment."""

    def close(self) -> None:
        """Stop watching, until the next call of `next`."""


class LiveSource:
    """One environment of a running training, which spends time on it only while it is open."""

    def __init__(self, folder: RunFolder, selection: Selection) -> None:
        """Raise `WorkerError` if nothing is trained."""
        connection = read_connection(folder)
        if connection is None or not connection.robot:
            raise WorkerError(f"expected a live training, got {folder.name}: start it, or show a rollout")
        self._folder, self._connection, self._selection = folder, connection, selection
        self._socket: zmq.Socket[bytes] | None = None

    def scene(self) -> Scene:
        """Return the robot. Raises `WorkerError`."""
        deadline = time.monotonic() + _SCENE_SECONDS
        while time.monotonic() < deadline and self.is_alive():
            message = self._message()
            if isinstance(message, Scene):
                self._check_environment(message)
                return message
            if isinstance(message, RobotNotice):
                raise WorkerError(message.text)
        raise WorkerError("no robot came: does the training run?")

    def _check_environment(self, scene: Scene) -> None:
        """Raise `WorkerError` for a number that no environment has: in its place the trainer would show another one."""
        number, last = self._selection.value, scene.num_envs - 1
        if self._selection.kind == "env" and int(number) > last:
            raise WorkerError(f"expected the number of an environment, 0 to {last}, got {number}")

    def is_alive(self) -> bool:
        """Return whether the training still runs."""
        return read_connection(self._folder) is not None

    def next(self) -> RobotState | None:
        """Return the next state; None if none came for a moment."""
        message = self._message()
        return message if isinstance(message, RobotState) else None

    def close(self) -> None:
        """Stop watching."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _message(self) -> Scene | RobotState | RobotNotice | None:
        if self._socket is None:
            self._socket = watching_socket(self._connection, self._selection, _FEW)
        if not self._socket.poll(int(_WAIT_SECONDS * 1000)):
            return None
        try:
            return decode_robot(self._socket.recv_multipart()[1])
        except msgspec.DecodeError as error:
            raise WorkerError("the training sends a robot of another version: update humanoid-tui") from error


class RolloutSource:
    """A rollout in real time, again and again."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._number = 0
        self._began = 0.0

    def scene(self) -> Scene:
        return self._rollout.scene

    def is_alive(self) -> bool:
        return True

    def next(self) -> RobotState | None:
        """Wait for the time of the next state and return it."""
        states = self._rollout.states
        if not self._began or self._number == len(states):
            self._number, self._began = 0, time.monotonic()
        state = states[self._number]
        due = self._began + (state.step - states[0].step) * self._rollout.scene.step_seconds
        time.sleep(max(due - time.monotonic(), 0.0))
        self._number += 1
        return state

    def close(self) -> None:
        """Begin again with the next one who watches."""
        self._began = 0.0
