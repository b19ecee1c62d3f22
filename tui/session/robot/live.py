"""The robot of a running training, as its process sends it to those who watch."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import zmq

from trainer_proc.contract.connection import Connection, read_connection
from trainer_proc.contract.robot import (
    ROBOT_PROTOCOL,
    RobotMessage,
    RobotNotice,
    RobotState,
    Scene,
    Selection,
    decode_robot,
)
from trainer_proc.contract.robot_socket import watching_socket
from trainer_proc.contract.run_folder import RunFolder

_MOST_WAITING = 1500
"""Messages, 30 s of a robot at 50 Hz. Of a viewer that stops reading, newer ones are dropped."""
_LOOK_SECONDS = 0.5
"""Time between two looks for a trainer, while nothing comes."""

NOT_LIVE = "not training: no robot to watch"
TOO_OLD = "this training was started by an older version, which sends no robot"
TOO_NEW = "expected robot messages of version {}: sent by a newer version; update humanoid-tui"


class LiveRobot:
    """Watches one environment of a run, whose trainer may be live, not started yet, or ended. No method blocks.

    Used by one thread. The training spends time on it only until `close`.
    """

    def __init__(self, folder: RunFolder, selection: Selection, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to watch; `clock` is in seconds."""
        self._folder = folder
        self._selection = selection
        self._clock = clock
        self._connection: Connection | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._next_look = 0.0
        self._is_closed = False
        self.scene: Scene | None = None
        """The robot; None before the first message of a trainer."""
        self.problem = ""
        """One line that says why no states come; empty while they may come."""
        self.notice = ""
        """The trainer's last line about the selection, such as which environment is shown instead."""
        self._look()

    @property
    def selection(self) -> Selection:
        """The present selection."""
        return self._selection

    @property
    def has_ended(self) -> bool:
        """Whether no trainer is there now; a later one is found too."""
        return self._connection is None

    def take(self) -> list[RobotState]:
        """Return the states that have come since the last call, the oldest first.

        A paused training sends its state again to each new viewer.
        """
        states: list[RobotState] = []
        while self._socket is not None:
            try:
                topic, data = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._next_look = self._clock() + _LOOK_SECONDS
            if topic == self._selection.topic():  # others were sent before a change of the selection
                self._receive(data, states)
        if not self._is_closed and self._clock() >= self._next_look:
            self._look()
        return states

    def select(self, selection: Selection) -> None:
        """Watch another environment; states of the former one are forgotten."""
        if selection == self._selection:
            return
        if self._socket is not None:
            self._socket.subscribe(selection.topic())
            self._socket.unsubscribe(self._selection.topic())
            self.problem = ""
        self.notice = ""
        self._selection = selection

    def close(self) -> None:
        """Stop watching."""
        self._is_closed = True
        self._disconnect()

    def _receive(self, data: bytes, states: list[RobotState]) -> None:
        try:
            message: RobotMessage = decode_robot(data)
        except msgspec.DecodeError:
            self.problem = TOO_NEW.format(ROBOT_PROTOCOL)
            return
        match message:
            case RobotState():
                self.problem = ""
                states.append(message)
            case RobotNotice():
                self.notice = self.problem = message.text
            case Scene():
                is_known = message.protocol <= ROBOT_PROTOCOL
                self.problem = "" if is_known else TOO_NEW.format(ROBOT_PROTOCOL)
                self.scene = message if is_known and message != self.scene else self.scene

    def _look(self) -> None:
        """Connect to the present trainer, if there is one."""
        self._next_look = self._clock() + _LOOK_SECONDS
        connection = read_connection(self._folder)
        if connection is not None and connection == self._connection:
            return
        self._disconnect()
        self._connection = connection
        if connection is None:
            self.problem = NOT_LIVE
        elif not connection.robot:
            self.problem = TOO_OLD
        else:
            self.problem = ""
            self._socket = watching_socket(connection, self._selection, _MOST_WAITING)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
