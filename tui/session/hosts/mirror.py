"""A mirror: a run on a host as a folder of this machine, kept up to date while this program follows it.

List, dashboard, charts and commands read it as any run. Its connection file leads to forwarded sockets, so requests go
to the trainer itself. The training knows nothing of it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from curricula.errors import UserError, message_of
from trainer_proc.contract.file_lock import try_lock
from tui.session.background import BackgroundThread
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.mirror_folder import mirror_folder, mirrored_files
from tui.session.hosts.mirror_writer import MirrorWriter
from tui.session.hosts.protocol import Found, Message, Piece, Pulse
from tui.session.hosts.stream import HostStream, RepeatedStream
from tui.session.hosts.tail import tail_of

_LOCK = "mirror.lock"
_LOOK_SECONDS = 1.0
"""Between two tries to take over from another program that mirrors the run."""


class Mirror:
    """Follows one run on a host, until `close`."""

    def __init__(self, host: Host, path: str) -> None:
        """Begin to copy the run whose folder is `path` on `host`."""
        self.host, self.path = host, path
        self.folder = mirror_folder(host.name, path)
        self.problem = ""
        """Why the host doesn't answer now, in one line; empty while it does."""
        self.on_change: Callable[[], None] = lambda: None
        """Called from another thread when `problem` has changed."""
        self._is_complete = threading.Event()
        self._stream = RepeatedStream(host)
        self._writer: MirrorWriter | None = None
        self._thread = BackgroundThread(f"following {host.name}", self._run, self._note)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Return when the run is here up to now. Raises `HostError` if the host doesn't answer."""
        if not self._is_complete.wait(seconds):
            raise HostError(self.problem or f"{self.host.name}: it does not answer", hint="see humanoid-tui hosts")
        if self.problem:
            raise HostError(self.problem)

    def close(self) -> None:
        """End it; waits for a moment, so that no socket is left."""
        self._stream.close()
        self._thread.join(5.0)

    def _run(self) -> None:
        self.folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.folder.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            while not try_lock(lock):  # another program mirrors it: its files serve both
                if self.folder.spec_file.exists():
                    self._is_complete.set()
                if self._stream.pause(_LOOK_SECONDS):
                    return
            self._keep()
        finally:
            os.close(lock)

    def _keep(self) -> None:
        """Follow the host; connect again after every failure."""
        self._writer = MirrorWriter(self.host, self.folder)
        try:
            self._stream.follow(self._begin, self._take, self._fail)
        finally:
            self._writer.close()

    def _begin(self) -> list[str]:
        have = [word for path in mirrored_files(self.folder) for word in ("--have", path.name, tail_of(path))]
        return ["host-stream", self.path, *have]

    def _fail(self, error: UserError | OSError) -> None:
        assert self._writer is not None
        self._note(message_of(error))
        self._writer.disconnect()

    def _take(self, message: Message) -> None:
        assert self._writer is not None
        if isinstance(message, Piece):
            self._writer.write(message)
        elif isinstance(message, Pulse):
            self._writer.take(message)
            if message.is_complete:
                self._note("")

    def _note(self, problem: str) -> None:
        """Report a problem, or that there is none; both end `wait`."""
        if self._stream.is_closing:
            return
        has_changed, self.problem = problem != self.problem, problem
        self._is_complete.set()
        if has_changed:
            self.on_change()


def find_there(host: Host, arguments: Sequence[str]) -> str:
    """Return the folder on `host` of the run that these arguments of `attach` name. Raises `HostError`."""
    found: list[str] = []
    stream = HostStream(host, ["host-stream", "--find", *arguments])
    try:
        stream.messages(lambda message: found.append(message.path) if isinstance(message, Found) else None)
    except HostError:
        if not found:
            raise
    finally:
        stream.wait()
    return found[0]
