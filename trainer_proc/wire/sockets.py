"""The sockets of a wire process, with their limits.

They follow the ZeroMQ guide's "Clone" pattern (https://zguide.zeromq.org/docs/chapter5/). Frames leave on an XPUB,
which drops frames for slow subscribers, and requests arrive on a ROUTER.
"""

from __future__ import annotations

from pathlib import Path

import zmq

from trainer_proc.contract.messages import WELCOME
from trainer_proc.contract.requests import LARGEST_REQUEST
from trainer_proc.contract.wire_keys import WireKeys
from trainer_proc.wire.link import FRAMES, ORDERS
from trainer_proc.wire.remote import RemoteAccess

_LARGEST_MESSAGE, _LARGEST_SUBSCRIPTION = 4 * LARGEST_REQUEST, 1024
"""Bytes; the connection of a client that sends more is cut."""


class WireSockets:
    """Two sockets to the training process, in its folder of sockets, and two for dashboards.

    With `keys`, other machines reach those two by TCP. The constructor connects and binds.
    """

    def __init__(self, folder: Path, generation: int, keys: WireKeys | None) -> None:
        self._context = zmq.Context()
        self.frames = self._context.socket(zmq.PULL)
        """Frames of the training process."""
        self.frames.setsockopt(zmq.RCVHWM, 0)
        self.orders = self._context.socket(zmq.PUSH)
        """Orders to the training process."""
        self.orders.setsockopt(zmq.SNDHWM, 0)  # no limit: the trainer takes all of them at its boundaries
        self.publish = self._context.socket(zmq.XPUB)
        """Numbered frames to dashboards."""
        self.publish.setsockopt(zmq.XPUB_WELCOME_MSG, WELCOME)
        self.publish.setsockopt(zmq.XPUB_VERBOSE, 1)  # each subscriber is reported, not the first one only
        self.publish.setsockopt(zmq.SNDHWM, 10_000)
        self.publish.setsockopt(zmq.MAXMSGSIZE, _LARGEST_SUBSCRIPTION)
        self.control = self._context.socket(zmq.ROUTER)
        """Requests of dashboards, and their answers."""
        self.control.setsockopt(zmq.MAXMSGSIZE, _LARGEST_MESSAGE)
        self.frames.connect(f"ipc://{folder}/{FRAMES}{generation}")
        self.orders.connect(f"ipc://{folder}/{ORDERS}")
        self._access: RemoteAccess | None = None
        self.remote_addresses: tuple[str, str] | None = None
        """TCP addresses of `publish` and `control`; None without keys."""
        if keys is not None:
            self._access = RemoteAccess(self._context, keys)
            for socket in (self.publish, self.control):
                self._access.secure(socket)
            self.remote_addresses = self._access.bind(self.publish), self._access.bind(self.control)
        self.addresses = f"ipc://{folder}/publish", f"ipc://{folder}/control"
        """Addresses of `publish` and `control` on this machine."""
        self.publish.bind(self.addresses[0])
        self.control.bind(self.addresses[1])

    def close(self) -> None:
        """Close all after a second for what is still to be sent."""
        for socket in (self.frames, self.orders, self.publish, self.control):
            socket.close(linger=1000)
        if self._access is not None:
            self._access.close()
        self._context.term()
