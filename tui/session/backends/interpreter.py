"""Query another Python for its packages."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.child_process import child_environment, start_python


class InterpreterError(UserError):
    """The command runs no working Python; the message follows the command."""


class Found(msgspec.Struct, frozen=True):
    """Answer of `trainer_proc.training.env_probe`; `missing` are modules, a version is None if not installed.

    `isaac_sim` is its version, "unknown" or "" for none. `asset_root` is a folder, a URL or "" if unknown.
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
        """Major and minor version."""
        major, minor, *_ = self.python.split(".")
        return int(major), int(minor)


def command_words(text: str) -> list[str]:
    """Split a command into words; the path of an existing file (with `~`) is one word.

    Raises `InterpreterError`.
    """
    if Path(text).expanduser().is_file():
        return [str(Path(text).expanduser())]
    try:
        program, *arguments = shlex.split(text)
    except ValueError as error:
        raise InterpreterError(f"is not a command: {str(error).lower()}") from error
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
        process = start_python(
            "-m",
            "trainer_proc.training.env_probe",
            question,
            python=command,
            environment=child_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise InterpreterError("does not exist") from None
    except OSError as error:
        raise InterpreterError(f"can't be run: {(error.strerror or str(error)).lower()}") from error
    try:
        output, errors = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the children of a shell script, which hold the pipes
        process.communicate()
        raise InterpreterError(f"did not answer in {timeout_seconds:g} s") from None
    return _answer(output, errors)


def _answer(output: bytes, errors: bytes) -> Found:
    """Decode the last line of `output`; Isaac Lab's start-up may print lines before it."""
    try:
        return msgspec.json.decode(output.splitlines()[-1], type=Found)
    except (IndexError, msgspec.DecodeError):
        lines = (errors.strip() or output.strip()).decode(errors="replace").splitlines() or ["nothing"]
        raise InterpreterError(f"is not a working Python: it printed {lines[-1][:200]}") from None
