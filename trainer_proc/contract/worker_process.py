"""Starts a worker (`trainer_proc.contract.worker`), reads its answers and cancels it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic

import msgspec

from trainer_proc.contract.child_process import child_environment, start_python
from trainer_proc.contract.worker import Progress, Refusal, Result, Worker, WorkerError, WorkerRefused

LOWEST_PRIORITY = 19
_ANSWER_SECONDS = 10.0
"""Longest wait for a cancelled process, which removes what is unfinished, before it is killed."""
_LONGEST_LINE = 200  # characters of what another library printed
_RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_", "ROLE_", "LOCAL_WORLD_SIZE", "MASTER_", "TORCHELASTIC_")
"""Variables of `torchrun`: a worker is no rank of the training that started it."""


class WorkerProcess(Generic[Result]):
    """Work that is being done; it ends with this process, whatever ends that.

    `log` takes its other output; an error names the file, or has its last line if it is not kept. `python` is the
    command of its interpreter, by default this one; `variables` are added to its environment. `niceness` is its least
    one, up to `LOWEST_PRIORITY`. The constructor raises `WorkerError` if it can't be started.
    """

    def __init__(
        self,
        worker: Worker[Result],
        request: msgspec.Struct,
        log: Path,
        *,
        is_log_kept: bool = True,
        python: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        niceness: int = 0,
    ) -> None:
        self._worker = worker
        self._log = log
        self._is_log_kept = is_log_kept
        self._is_cancelled = False
        environment = {name: value for name, value in child_environment(variables).items() if not _is_of_ranks(name)}
        try:
            with open(log, "wb") as other_output:
                self._process = start_python(
                    "-m",
                    worker.module,
                    "-",
                    python=python,
                    environment=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=other_output,
                    start_new_session=True,  # a Ctrl+C in the terminal is for the program, which then decides
                )
        except OSError as error:
            raise WorkerError(f"the {worker.what} can't be started: {error}") from error
        if niceness:
            with suppress(OSError):  # it may have ended
                os.setpriority(os.PRIO_PROCESS, self._process.pid, niceness)
        self._send(request)

    def result(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> Result:
        """Wait for the result, with its progress on the way. Raises `WorkerError`."""
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Progress | Refusal | self._worker.result)
        last: Result | None = None
        refusal: Refusal | None = None
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                with suppress(msgspec.DecodeError):
                    answer = decoder.decode(line)
                    match answer:
                        case Progress():
                            on_progress(answer)
                        case Refusal():
                            refusal = answer
                        case _:
                            last = answer
        code = self._process.wait()
        self._close_input()
        if last is not None:
            return last
        if self._is_cancelled:
            raise WorkerError("cancelled")
        if refusal is None:
            raise WorkerError(f"the {self._worker.what} ended with code {code} and no answer{self._printed()}")
        raise (WorkerRefused if refusal.exit_code == WorkerRefused.exit_code else WorkerError)(refusal.error)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def cancel(self) -> None:
        """End the work without a result; `result`, in another thread, then raises `WorkerError`. Waits."""
        self._is_cancelled = True
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its children too

    def _send(self, request: msgspec.Struct) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which `result` reports
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _printed(self) -> str:
        """Return the end of an error: where the other output is, or the last line of it."""
        if self._is_log_kept:
            return f"; see {self._log}"
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["it printed no error"]
        return f": {lines[-1][:_LONGEST_LINE]}"


def _is_of_ranks(variable: str) -> bool:
    return variable.startswith(_RANKS)
