"""`python -m tests.warm_server SOCKET MODULE [--now]`: fork programs from a process that has done their imports once.

The first request imports the module, or the start with `--now`. It ends, and kills its programs, at the end of its
standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys

_ENDED = signal.SIGCHLD
_KILLED_WITH_PARENT = 1
"""Of Linux: PR_SET_PDEATHSIG. However the server ends, its programs end too."""


class WarmServer:
    """Forks a program a connection, reports its end there, and kills it if the connection is closed before."""

    def __init__(self, address: str, imports: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        signal.signal(_ENDED, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._imports = imports
        self._has_imported = False
        self._programs: dict[int, socket.socket] = {}
        """Process id and connection of programs that run."""
        self._selector = selectors.DefaultSelector()
        for readable in (sys.stdin, self._listener, self._woken):
            self._selector.register(readable, selectors.EVENT_READ)

    def import_once(self, environment: dict[str, str]) -> None:
        """Do the slow imports; `environment` tells Isaac Lab where its assets are, which it asks once."""
        if not self._has_imported:
            os.environ.update(environment)
            importlib.import_module(self._imports)
            self._has_imported = True

    def serve(self) -> list[str]:
        """Return no command at the end of standard input, and in each forked process that of its program."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    self._stop()
                    return []
                if key.fileobj is self._listener:
                    if command := self._fork(self._listener.accept()[0]):
                        return command
                elif key.fileobj == self._woken:
                    os.read(self._woken, 4096)
                    self._report_ends()
                else:
                    self._abandon(key.data)

    def _fork(self, connection: socket.socket) -> list[str]:
        """Start a program; return its command in the process that is to run it."""
        size, files, _, _ = socket.recv_fds(connection, 4, 3)
        try:
            request = _read(connection, int.from_bytes(size, "big"))
            command, folder, environment, niceness, parent = json.loads(request)
        except (OSError, ValueError):  # who was about to ask has been killed
            connection.close()
            for number in files:
                os.close(number)
            return []
        self.import_once(environment)
        pid = os.fork()
        if not pid:
            connection.close()
            self._become(folder, environment, niceness, files)
            os.getppid = lambda: parent  # a rank that is stopped while it builds ends its launcher, not this server
            return command
        for number in files:
            os.close(number)
        self._programs[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, pid)
        _tell(connection, pid)
        return []

    def _become(self, folder: str, environment: dict[str, str], niceness: int, files: list[int]) -> None:
        """Leave the server: a session, a folder, an environment and files of the program's own."""
        signal.set_wakeup_fd(-1)
        signal.signal(_ENDED, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background tests ignore it
        self._selector.close()
        self._listener.close()
        os.close(self._woken)
        os.close(self._wake)
        for connection in self._programs.values():
            connection.close()
        os.setsid()
        ctypes.CDLL(None).prctl(_KILLED_WITH_PARENT, signal.SIGKILL)
        os.setpriority(os.PRIO_PROCESS, 0, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))
        for number, opened in enumerate(files):
            os.dup2(opened, number)
            os.close(opened)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.path[:0] = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]

    def _report_ends(self) -> None:
        """Tell who asked for them of the programs that have ended."""
        while self._programs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if connection := self._programs.pop(pid, None):
                self._selector.unregister(connection)
                _tell(connection, os.waitstatus_to_exitcode(status))
                connection.close()

    def _abandon(self, pid: int) -> None:
        """Kill a program whose connection was closed; its end is reported as that of the others."""
        if pid in self._programs:
            os.kill(pid, signal.SIGKILL)
            self._selector.unregister(self._programs[pid])
            self._programs.pop(pid).close()

    def _stop(self) -> None:
        for pid in self._programs:
            os.kill(pid, signal.SIGKILL)


def _read(connection: socket.socket, size: int) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read(size)


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # who asked for it has ended
        connection.sendall(f"{number}\n".encode())


if __name__ == "__main__":
    server = WarmServer(*sys.argv[1:3])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.argv[3:] == ["--now"]:
        server.import_once({})
    if command := server.serve():  # what follows is the program, in a process of its own
        if command[0] == sys.argv[2]:
            del sys.modules[command[0]]  # imported, it would run beside itself
        sys.argv = command
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
