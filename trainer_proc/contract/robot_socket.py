"""A viewer's end of the live view: the socket that subscribes to a selection."""

from __future__ import annotations

import zmq

from trainer_proc.contract.robot import Selection


def watching_socket(address: str, selection: Selection, most_waiting: int) -> zmq.Socket[bytes]:
    """Return a socket that gets the messages of `selection` from the trainer at `address`.

    The training spends time on it until it is closed. Of a viewer that stops reading, messages beyond `most_waiting`
    are dropped.
    """
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVHWM, most_waiting)
    socket.connect(address)
    socket.subscribe(selection.topic())
    return socket
