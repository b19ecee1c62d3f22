"""The robot's way to viewers: subscriptions say what is watched, and nothing is done for what is not.

A viewer subscribes to the topic of its selection on an XPUB socket, which reports subscriptions, and the last
unsubscription even of a viewer that died.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import torch
import zmq

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.robot import SELECTIONS, RobotMessage, RobotNotice, encode_robot, selection_of
from trainer_proc.robot_stream.choice import Chooser, EnvironmentTypes
from trainer_proc.robot_stream.watch import Watch
from trainer_proc.simulators.robot_reader import RobotReader

MOST_SELECTIONS = 4
"""Selections that are watched at a time; any number of viewers may watch the same one."""
_LOOK_SECONDS = 0.1
"""Time between two looks for subscriptions, which cost a microsecond, but thirty if the caches have forgotten them."""
_SUBSCRIBES = 1
"""First byte of an XPUB socket's message about a subscription."""


class RobotStream:
    """Serves the viewers of one training. Used by the training thread; no method waits."""

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        make_reader: Callable[[], RobotReader],
        types: EnvironmentTypes,
        noise_free: range,
    ) -> None:
        """Serve on an XPUB `socket`. What `make_reader` raises is the line that viewers get.

        `noise_free` are the environments that act without exploration noise.
        """
        self._socket = socket
        self._reason = ""
        self._watches: dict[bytes, Watch] = {}
        self._waiting: dict[bytes, None] = {}
        self._steps = self._sent = self._iteration = 0
        self._seconds = self._next_look = 0.0
        try:
            self._reader = make_reader()
            self._reader.scene = msgspec.structs.replace(self._reader.scene, environment_types=types.names)
            self._chooser = Chooser(self._reader, types, noise_free)
        except Exception as error:  # users' environments raise anything
            self._reason = one_line(error)

    def step(self, iteration: int, rewards: torch.Tensor, dones: torch.Tensor) -> None:
        """Handle a step of all environments; `rewards` and `dones` are of shape [num_envs].

        Whatever a reader raises ends the stream: viewers get the reason.
        """
        self._steps += 1
        self._iteration = iteration
        if self._serves():
            began = time.perf_counter()
            self._show((rewards, dones))
            self._seconds += time.perf_counter() - began

    def rest(self) -> None:
        """Show new viewers the state after the last step, while the training is paused. Raises as `step` does."""
        if self._serves():
            self._show()

    def _serves(self) -> bool:
        """Take new subscriptions, and return whether anything is watched."""
        if self._socket.closed:  # a script continues after the run has ended
            return False
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            if int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                self._take_subscriptions()
        return bool(self._watches)

    def _show(self, outcome: tuple[torch.Tensor, torch.Tensor] | None = None) -> None:
        """Serve all watches; `outcome` are rewards and dones of a new step."""
        try:
            if outcome is not None and any(
                watch.selection.kind in ("best", "worst") for watch in self._watches.values()
            ):
                self._chooser.observe(*outcome)
            for watch in self._watches.values():
                watch.step(self._iteration, self._steps)
        except Exception as error:
            self._fail(one_line(error))
            raise

    def _take_subscriptions(self) -> None:
        while True:
            try:
                message = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            topic = message[1:]
            if message[0] == _SUBSCRIBES:
                self._begin(topic)
            else:
                self._end(topic)

    def _begin(self, topic: bytes) -> None:
        selection = selection_of(topic)
        if selection is None:
            self._refuse(topic, f"no such selection: there are {', '.join(SELECTIONS)}")
        elif self._reason:
            self._refuse(topic, self._reason)
        elif topic in self._watches:
            self._watches[topic].describe()
        elif len(self._watches) >= MOST_SELECTIONS:
            self._waiting[topic] = None
            self._refuse(topic, f"{MOST_SELECTIONS} other selections are watched, the most: close one of their viewers")
        else:
            self._watches[topic] = Watch(
                selection, self._reader, self._chooser, lambda message: self._send(topic, message)
            )
            self._watches[topic].describe()

    def _end(self, topic: bytes) -> None:
        self._waiting.pop(topic, None)
        if self._watches.pop(topic, None) is None:
            return
        if self._waiting:
            first = next(iter(self._waiting))
            del self._waiting[first]
            self._begin(first)
        if not self._watches:
            self._report()

    def _refuse(self, topic: bytes, reason: str) -> None:
        if topic:  # the empty one would be every viewer's
            self._send(topic, RobotNotice(reason))

    def _fail(self, reason: str) -> None:
        self._reason = reason
        for topic in [*self._watches, *self._waiting]:
            self._refuse(topic, reason)
        self._watches.clear()
        self._waiting.clear()

    def _send(self, topic: bytes, message: RobotMessage) -> None:
        self._sent += 1
        with suppress(zmq.Again):
            self._socket.send_multipart([topic, encode_robot(message)], zmq.NOBLOCK)

    def _report(self) -> None:
        """Print what the last viewer has cost."""
        with suppress(OSError):
            cost = f"{self._sent} messages in {self._seconds:.2f} s of the training's time"
            print(f"[robot] no viewer is left: {cost}", file=sys.stderr)  # noqa: T201
        self._sent, self._seconds = 0, 0.0
