"""Asking a Python that isn't the dashboard's what it has."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.child_process import child_environment


class InterpreterError(UserError):
    """The command runs no Python that answers; the message is one line, without the command."""


class Found(msgspec.Struct, frozen=True):
    """What `trainer_proc.training.env_probe` answers; `missing` are modules, a version is None where there is none.

    `isaac_sim` is its version, "unknown" or "" for none; `asset_root` a folder, a URL or "" where it isn't known.
    """

    python: str
    executable: str
    missing: list[str]
    versions: dict[str, str | None]
    has_pip: bool
    isaac_sim: str
    asset_root: str

    @property
    def python_version(self) -> tuple[int, int]:
        """The first two numbers."""
        major, minor, *_ = self.python.split(".")
        return int(major), int(minor)


def command_words(text: str) -> list[str]:
    """Return the words of a path (with `~`, and spaces if there is such a file) or of a command.

    Raises `InterpreterError`.
    """
    if Path(text).expanduser().is_file():
        return [str(Path(text).expanduser())]
    try:
        program, *arguments = shlex.split(text)
    except ValueError as error:
        raise InterpreterError(f"is no command: {str(error).lower()}") from error
    return [str(Path(program).expanduser()) if program.startswith("~") else program, *arguments]


def ask_interpreter(
    command: list[str],
    environment: Mapping[str, str],
    modules: Iterable[str],
    distributions: Iterable[str],
    timeout_seconds: float,
) -> Found:
    """Run `trainer_proc.training.env_probe` there and return its answer. Raises `InterpreterError`."""
    question = msgspec.json.encode({"modules": [*modules], "distributions": [*distributions]}).decode()
    try:
        process = subprocess.Popen(
            [*command, "-m", "trainer_proc.training.env_probe", question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(environment),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise InterpreterError("isn't there") from None
    except OSError as error:
        raise InterpreterError(f"can't be run: {(error.strerror or str(error)).lower()}") from error
    try:
        output, errors = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # a shell script's children too, which hold the pipes
        process.communicate()
        raise InterpreterError(f"did not answer in {timeout_seconds:g} s") from None
    return _answer(output, errors)


def _answer(output: bytes, errors: bytes) -> Found:
    """Return the last line as an answer; what starts Isaac Lab's Python may have said something before."""
    try:
        return msgspec.json.decode(output.splitlines()[-1], type=Found)
    except (IndexError, msgspec.DecodeError):
        said = (errors.strip() or output.strip()).decode(errors="replace").splitlines() or ["nothing"]
        raise InterpreterError(f"is no Python that works: it said {said[-1][:200]}") from None
