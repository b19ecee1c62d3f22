"""The program on a host that sends messages, as this machine sees it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from curricula.errors import UserError
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.protocol import ACKNOWLEDGED, Message, read_messages
from tui.session.hosts.ssh import check_exit, connect, run_there
from tui.session.text import plain

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
"""Seconds between two tries; the time doubles."""
_PREFIX = "humanoid-tui: "
"""Of the program's errors."""


def error_there(host: Host, said: str) -> HostError:
    """Return the error that the program on `host` has printed last."""
    lines = said.strip().splitlines() or ["the program there has ended"]
    return HostError(f"{host.name}: {plain(lines[-1].strip().removeprefix(_PREFIX))}")


class Waits:
    """Times between tries to connect: they double until a connection has lasted."""

    def __init__(self) -> None:
        self._wait = _FIRST_WAIT / 2
        self._began = 0.0

    def begin(self) -> None:
        """Note that a try begins."""
        self._began = time.monotonic()

    def next(self) -> float:
        """Return the seconds until the next try."""
        has_lasted = time.monotonic() - self._began > _LONGEST_WAIT
        self._wait = _FIRST_WAIT if has_lasted else min(2 * self._wait, _LONGEST_WAIT)
        return self._wait


class RepeatedStream:
    """Streams of one host, one after the other: a thread follows them, and connects again after every failure."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._closing = threading.Event()
        self._stream: HostStream | None = None

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    def follow(
        self,
        begin: Callable[[], Sequence[str]],
        take: Callable[[Message], None],
        fail: Callable[[UserError | OSError], None],
    ) -> None:
        """Call `take` with each message until `close`, and `fail` at the end of each stream.

        `begin` returns the arguments of the program there, for each stream anew.
        """
        waits = Waits()
        while not self.is_closing:
            waits.begin()
            try:
                self._follow_once(begin(), take)
            except (UserError, OSError) as error:
                fail(error)
            self._closing.wait(waits.next())

    def pause(self, seconds: float) -> bool:
        """Return after a time, or at `close`; return whether it is closed."""
        return self._closing.wait(seconds)

    def close(self) -> None:
        """End it; does not wait."""
        self._closing.set()
        if (stream := self._stream) is not None:
            stream.close()

    def _follow_once(self, arguments: Sequence[str], take: Callable[[Message], None]) -> None:
        stream = self._stream = HostStream(self._host, arguments)
        try:
            if not self.is_closing:
                stream.messages(take)
        finally:
            stream.wait()
            self._stream = None


class HostStream:
    """The program on a host that sends messages; used by one thread, but for `close`."""

    def __init__(self, host: Host, arguments: Sequence[str]) -> None:
        """Start it. Raises `HostError`."""
        connect(host)
        self._host = host
        self._process = run_there(host, arguments, keeps_input=True)

    def messages(self, take: Callable[[Message], None]) -> None:
        """Call `take` with each message until the program ends, which raises `HostError`."""
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        for message in read_messages(self._host, self._process.stdout.fileno()):
            take(message)
            with suppress(OSError):  # it ends: the stream does too
                self._process.stdin.write(ACKNOWLEDGED)
                self._process.stdin.flush()
        said = self._process.stderr.read(4096).decode(errors="replace")
        check_exit(self._host, self._process.wait(), said)
        if "no such command" in said:
            raise HostError(f"{self._host.name}: its humanoid-tui is older than this one", hint="update it")
        raise error_there(self._host, said)

    def close(self) -> None:
        """End it; does not wait."""
        with suppress(OSError):
            self._process.kill()

    def wait(self) -> None:
        """Close its pipes."""
        self.close()
        with suppress(OSError, subprocess.SubprocessError):
            self._process.communicate(timeout=5.0)
