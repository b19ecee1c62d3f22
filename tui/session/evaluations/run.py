"""Start an evaluation process, read its progress and its result, cancel it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import IO, TypeAlias

import msgspec

from curricula.errors import UsageError
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.evaluation import Evaluation, EvaluationError, Progress, Refusal, Request
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.environment import backend_command

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 20.0
"""Time to end after a cancellation; then the process is killed."""
_LONGEST = 200  # characters of an error of another library

_Answer: TypeAlias = Progress | Evaluation | Refusal
_decoder = msgspec.json.Decoder(_Answer)


def evaluate(request: Request, report: Callable[[Progress], None], cancelled: Event) -> Evaluation:
    """Evaluate in a process of its own, of the Python that trains the run's backend; takes seconds to minutes.

    `report` gets the progress. Soon after `cancelled` is set, the process ends and stores nothing. It also ends with
    this process. Raises `EvaluationError`, `UsageError`, `RunFolderError` or `LaunchError`.
    """
    python, variables = backend_command(RunFolder(Path(request.run)).read_spec().backend)
    last: _Answer | None = None
    with tempfile.TemporaryFile() as errors:
        process = _start(python, variables, request, errors)
        try:
            for last in _answers(process, cancelled):
                if isinstance(last, Progress):
                    report(last)
        finally:
            _end(process)
        if isinstance(last, Evaluation):
            return last
        if cancelled.is_set():
            raise EvaluationError("the evaluation was cancelled")
        if isinstance(last, Refusal):
            raise (UsageError if last.exit_code == UsageError.exit_code else EvaluationError)(last.error)
        raise EvaluationError(f"the evaluation ended with code {process.returncode}: {_last_line(errors)}")


def _start(
    python: list[str], variables: dict[str, str], request: Request, errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the process and send it the request. Its input stays open: the end of it cancels the evaluation."""
    process = subprocess.Popen(
        [*python, "-m", "trainer_proc.evaluation", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=child_environment(variables),
        start_new_session=True,
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already: its output says why
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        process.stdin.flush()
    return process


def _answers(process: subprocess.Popen[bytes], cancelled: Event) -> Iterator[_Answer]:
    """Yield the answers until the output ends; close the input when the evaluation is cancelled."""
    assert process.stdout is not None
    output, unfinished, deadline = process.stdout.fileno(), b"", 0.0
    while True:
        if cancelled.is_set() and not deadline:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            _close_input(process)
        if deadline and time.monotonic() > deadline:
            return
        if not select.select([output], [], [], _POLL_SECONDS)[0]:
            continue
        piece = os.read(output, 1 << 16)
        *lines, unfinished = (unfinished + piece).split(b"\n")
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):  # printed by Isaac Lab's start-up
                yield _decoder.decode(line)
        if not piece:
            return


def _close_input(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of the process; kill it and its children if it does not end by itself."""
    _close_input(process)
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines() or ["it printed no error"]
    return lines[-1][:_LONGEST]
