"""Requests to a live trainer."""

from __future__ import annotations

import itertools
import time
from socket import gethostname

import zmq

from curricula.errors import UserError
from trainer_proc.contract.codec import decode_reply, encode
from trainer_proc.contract.connection import Connection, foreign_address, read_connection
from trainer_proc.contract.requests import Accepted, Command, Refused, Reply, Request, Stop, size_refusal
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import is_training, read_trainer
from trainer_proc.contract.wire_keys import secure_client
from tui.session.engines.jobs import JOBS

_POLL_SECONDS = 0.05
_ids = itertools.count(1)


class TrainerUnreachable(UserError):
    """No trainer runs for the folder, or it did not answer."""


def ask(folder: RunFolder, command: Command, timeout_seconds: float = 5.0) -> Reply:
    """Send `command` to the run's trainer and return its reply. Raises `TrainerUnreachable`.

    Blocks for the exchange, usually under 10 ms; not for event loops.
    """
    if reason := size_refusal(command):  # the trainer may cut the connection of a far too large one
        return Refused(0, reason)
    try:
        message = encode(Request(next(_ids), command))
    except OverflowError:
        return Refused(0, "expected numbers of at most 19 digits, got a longer one")
    if address := foreign_address(folder):
        raise TrainerUnreachable(
            f"expected the sockets of {folder.name} in a private folder of yours, got {address}: it is not followed"
        )
    connection = _connection(folder, timeout_seconds)
    if connection is None:
        if isinstance(command, Stop) and JOBS.cancel_waiting(folder):  # it has no trainer yet
            return Accepted(0)
        raise TrainerUnreachable(f"no trainer runs for {folder.name}: it has ended or was never started")
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    with socket:
        socket.setsockopt(zmq.LINGER, 0)
        secure_client(socket, connection.keys)
        socket.connect(connection.control)
        socket.send(message)
        if not socket.poll(int(timeout_seconds * 1000)):
            raise TrainerUnreachable(f"the trainer of {folder.name} (process {connection.pid}) does not answer")
        return decode_reply(socket.recv())


def _connection(folder: RunFolder, timeout_seconds: float) -> Connection | None:
    """Return the trainer's connection; of one that replaces its wire process, wait for the new one."""
    deadline = time.monotonic() + timeout_seconds
    trainer = read_trainer(folder)
    if trainer is not None and trainer.host != gethostname() and not folder.wire_keys.exists() and is_training(folder):
        raise TrainerUnreachable(
            f"{folder.name} trains on {trainer.host} and takes requests only there",
            hint="launch with [wire] tcp = true in the settings to reach it from other machines",
        )
    while (connection := read_connection(folder)) is None and is_training(folder):
        if time.monotonic() > deadline:
            raise TrainerUnreachable(
                f"{folder.name} is training, but takes no requests: its wire process starts anew at the next iteration",
                hint=f"retry then, or stop it with humanoid-tui stop {folder.name} --force",
            )
        time.sleep(_POLL_SECONDS)
    return connection
