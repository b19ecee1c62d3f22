"""Python programs that begin with the slow imports of a training done: forked from a process that has done them once.

A cold start of a training or of a worker takes 6 to 10 s of CPU time, and nearly all of it is these imports. One
process for all tests does them, `tests.warm_server`. Trainings of `tests.scripts` are forked from it. Those that the
program itself starts are too, in modules that use the fixture `warm_python`. Wire processes of screens' tests have a
server of their own, which imports little.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.warm_python.warm_client import SERVER, WarmProgram
from trainer_proc.contract.child_process import child_environment

ROOT = Path(__file__).parents[1]
_WIRE = "trainer_proc.wire.server"
_WARM_PYTHON = Path(__file__).with_name("warm_python")


@contextmanager
def warm_server(*options: str) -> Iterator[Path]:
    """Run the process that all workers of xdist share, and yield their folder; it imports nothing until needed.

    `options` are those of `tests.warm_server`.
    """
    with _server("tests.slow_imports", *options) as address:
        os.environ[SERVER] = str(address)
        try:
            yield address.parent
        finally:
            os.environ.pop(SERVER, None)


@contextmanager
def _server(*arguments: str) -> Iterator[Path]:
    """Run `tests.warm_server` with these arguments, and yield its socket, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="warm"))
    environment = os.environ | {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.warm_server", str(folder / "socket"), *arguments]
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        server.stdout.readline()  # it listens
        yield folder / "socket"
    finally:
        server.communicate()
        shutil.rmtree(folder)


def server_folder() -> Path:
    """Return the folder that `warm_server` has yielded, in a worker of xdist too."""
    return Path(os.environ[SERVER]).parent


@contextmanager
def warm_python() -> Iterator[None]:
    """Let trainings and workers be forked too that the program starts, by its own way of starting them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(_WARM_PYTHON), prepend=os.pathsep)
        yield


WireStart = Callable[..., WarmProgram]
"""Starts a wire process as `trainer_proc.wire.link` calls it."""


@contextmanager
def wire_server() -> Iterator[WireStart]:
    """Yield what forks wire processes from one that has done their imports, for trainers that a test itself plays.

    A cold start takes 0.2 s of CPU time, which the tests of `tests/trainer` and all real trainings take.
    """
    with _server(_WIRE) as address:

        def fork(option: str, *command: str, stdin: int) -> WarmProgram:
            assert (option, command[0], stdin) == ("-m", _WIRE, subprocess.DEVNULL)
            with open(os.devnull) as nothing:
                files = (nothing.fileno(), 1, 2)
                return WarmProgram(str(address), command, str(Path.cwd()), child_environment(), files, os.getpid())

        yield fork


class ForkedProgram:
    """`python -m COMMAND` with its output in a file, and as much of `subprocess.Popen` as is needed here."""

    def __init__(
        self, module: str, *arguments: str, folder: Path, output: Path, environment: Mapping[str, str]
    ) -> None:
        with open(os.devnull) as nothing, open(output, "wb") as console:
            files = (nothing.fileno(), console.fileno(), console.fileno())
            command = [module, *arguments]
            self._program = WarmProgram(os.environ[SERVER], command, str(folder), environment, files, os.getpid())
        self.pid = self._program.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for the signal that ended it; None while it runs."""
        return self._program.poll()

    def poll(self) -> int | None:
        return self._program.poll()

    def wait(self) -> int:
        return self._program.wait()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
