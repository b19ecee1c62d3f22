"""Asks the process of `tests.warm_server` for programs; it stands in a folder of `PYTHONPATH`, and imports little."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence

SERVER = "HUMANOID_TUI_WARM_SERVER"
"""Environment variable: the server's Unix socket."""


class WarmProgram:
    """`python -m MODULE`, forked from the server; it is killed if the process that asked for it ends."""

    def __init__(
        self,
        address: str,
        command: Sequence[str],
        folder: str,
        environment: Mapping[str, str],
        files: Sequence[int],
        parent: int,
    ) -> None:
        """`files` are the descriptors of its standard input, output and error, `parent` is the process that it knows.

        Raises `OSError`.
        """
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        request = json.dumps([list(command), folder, dict(environment), niceness, parent]).encode()
        socket.send_fds(self._socket, [len(request).to_bytes(4, "big")], files)
        self._socket.sendall(request)
        self._answers = self._socket.makefile()
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for the signal that ended it; None while it runs."""
        if self.returncode is None:
            self._socket.setblocking(False)
            try:
                self._socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return None
            finally:
                self._socket.setblocking(True)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code, when the program has ended."""
        if self.returncode is None:
            self.returncode = int(self._answers.readline() or -signal.SIGKILL)  # no line: the server has ended
            self._answers.close()
            self._socket.close()
        return self.returncode


def become_warm(command: Sequence[str]) -> None:
    """Stand for a warm program in this process: pass on signals, and end as the program does."""
    address = os.environ[SERVER]
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    folder = os.getcwd()  # noqa: PTH109 (pathlib takes long to import)
    try:
        program = WarmProgram(address, command, folder, os.environ, (0, 1, 2), os.getppid())
    except OSError:  # the tests have ended
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        return
    for number in numbers:
        signal.signal(number, lambda number, frame: os.kill(program.pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    for number in (0, 1, 2):
        os.close(number)  # a reader of its output waits for its end, not for this process's
    code = program.wait()
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
