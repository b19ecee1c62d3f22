"""Frames of a run in order, each exactly once: first from the journal, then from the socket.

Joining follows the ZeroMQ guide's "Clone" pattern: subscribe, wait for the welcome, read the journal, continue with the
socket. No frame after the welcome is missed. A gap in the numbers means a dropped frame: the journal has it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType

import zmq

from trainer_proc.contract.codec import decode_frame
from trainer_proc.contract.connection import Connection, read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import WELCOME, Frame
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.stand_ins import Damaged, StoredIterations
from trainer_proc.contract.trainer_lock import is_training
from trainer_proc.contract.wire_keys import secure_client
from tui.session.runs.journal_summary import refuse_damage

_RECONNECT_SECONDS = 0.25
_FRAMES_AT_ONCE = 32_000
"""Read at once from the journal of an ended run; bounds memory."""
_STAND_INS = Damaged | StoredIterations
"""Their frames have the numbers of others."""


class Follower:
    """Follows one run; used by one thread."""

    def __init__(self, folder: RunFolder, journal: JournalReader | None = None) -> None:
        """Follow the run in `folder`; its trainer may be live, not started yet, or ended.

        `journal` reads its journal in another way.
        """
        self._folder = folder
        self._journal = JournalReader(folder.journal) if journal is None else journal
        self._next_number = self._received = 0
        """Numbers after the newest frame, and after the newest one that came by the socket."""
        self._socket: zmq.Socket[bytes] | None = None
        self._connection: Connection | None = None
        self.has_more = False
        """Whether the last `poll` may have left a part of the journal."""

    @property
    def is_live(self) -> bool:
        """Whether a trainer's socket is followed, or will be: its process may have died since the last `poll`."""
        return self._socket is not None or is_training(self._folder)

    def poll(self, timeout_seconds: float) -> list[Frame]:
        """Return new frames, waiting up to `timeout_seconds` for the first of them; see `has_more`.

        Raises `JournalUnreadable` or `OSError` if the journal can't be read.
        """
        if self._socket is None:
            return self._poll_journal(timeout_seconds)
        if not self._socket.poll(int(timeout_seconds * 1000)):
            if read_connection(self._folder) != self._connection:  # the trainer has ended, or was replaced
                self._disconnect()
            return self._read_journal()  # the last frames may have been dropped without a gap
        return self._receive()

    def close(self) -> None:
        self._disconnect()

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _poll_journal(self, timeout_seconds: float) -> list[Frame]:
        """Look for a trainer and read the journal; ended runs are read in this way too."""
        deadline = time.monotonic() + timeout_seconds
        had_more = self.has_more
        while True:
            self._connect()
            frames = self._read_journal(None if self._socket is not None else _FRAMES_AT_ONCE)
            remaining = deadline - time.monotonic()
            if frames or had_more or self._socket is not None or remaining <= 0:
                return frames
            time.sleep(min(_RECONNECT_SECONDS, remaining))

    def _connect(self) -> None:
        self._connection = read_connection(self._folder)
        if self._connection is None:
            return
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, 10_000)
        secure_client(self._socket, self._connection.keys)
        self._socket.connect(self._connection.publish)
        self._socket.subscribe(b"")

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self) -> list[Frame]:
        """Receive all frames; after a welcome or a gap, read the journal, which is written first."""
        assert self._socket is not None
        frames: list[Frame] = []
        while True:
            try:
                data = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return frames
            if data == WELCOME:
                frames += self._read_journal()
                continue
            frame = decode_frame(data)
            if frame.number > self._next_number:
                frames += self._read_journal()
            elif frame.number == self._next_number:
                self._next_number = self._received = frame.number + 1
                frames.append(frame)

    def _read_journal(self, most: int | None = None) -> list[Frame]:
        before = self._journal.offset
        read: list[Frame] = []
        for frames in self._new_pieces():
            if real := [frame for frame in frames if not isinstance(frame.body, _STAND_INS)]:
                self._next_number = max(real[-1].number + 1, self._received)
            read += [frame for frame in frames if frame.number >= self._received or isinstance(frame.body, _STAND_INS)]
            if most is not None and len(read) >= most:
                break
        self.has_more = most is not None and self._journal.offset > before
        if not self._next_number and not self.is_live:
            refuse_damage(self._journal.path, [frame.body for frame in read if isinstance(frame.body, Damaged)])
        return read

    def _new_pieces(self) -> Iterator[list[Frame]]:
        """Read the journal behind what came by the socket: in a table, nobody could tell those iterations apart."""
        if self._received and not self._skipped():
            return JournalReader.read_pieces(self._journal)
        return self._journal.read_pieces()

    def _skipped(self) -> bool:
        """Leave out what came by the socket; return whether that was possible."""
        try:
            return self._journal.skip_before(self._received)
        except FileNotFoundError:
            return True
