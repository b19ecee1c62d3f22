"""A viewer's end of the live view: the socket that subscribes to a selection."""

from __future__ import annotations

import zmq

from trainer_proc.contract.connection import Connection
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.wire_keys import secure_client


def watching_socket(connection: Connection, selection: Selection, most_waiting: int) -> zmq.Socket[bytes]:
    """Return a socket that gets the messages of `selection` from a trainer.

    The training spends time on it until it is closed. Of a viewer that stops reading, messages beyond `most_waiting`
    are dropped.
    """
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVHWM, most_waiting)
    secure_client(socket, connection.keys)
    socket.connect(connection.robot)
    socket.subscribe(selection.topic())
    return socket
