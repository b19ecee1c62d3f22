"""Starts the evaluation process (`python -m trainer_proc.evaluation`), reads its answers and cancels it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.evaluation import Evaluation, EvaluationError, Progress, Refusal, Request

LOWEST_PRIORITY = 19
_ANSWER_SECONDS = 10.0
"""Longest wait for a cancelled process, which removes what is unfinished, before it is killed."""
_LONGEST_LINE = 200  # characters of what another library printed
_RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_", "ROLE_", "LOCAL_WORLD_SIZE", "MASTER_", "TORCHELASTIC_")
"""Variables of `torchrun`: an evaluation is no rank of the training that started it."""


class EvaluationRefused(EvaluationError):
    """The request can't be carried out, now or later."""

    exit_code = 2


class EvaluationProcess:
    """A running evaluation; it ends with this process, whatever ends that.

    `log` takes its other output; an error names the file, or has its last line if it is not kept. `python` is the
    command of its interpreter, by default this one; `variables` are added to its environment. `niceness` is its least
    one, up to `LOWEST_PRIORITY`. The constructor raises `EvaluationError` if it can't be started.
    """

    def __init__(
        self,
        request: Request,
        log: Path,
        *,
        is_log_kept: bool = True,
        python: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        niceness: int = 0,
    ) -> None:
        self._log = log
        self._is_log_kept = is_log_kept
        self._is_cancelled = False
        command = [*(python or [sys.executable]), "-m", "trainer_proc.evaluation", "-"]
        environment = {name: value for name, value in child_environment(variables).items() if not _is_of_ranks(name)}
        try:
            with open(log, "wb") as other_output:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=other_output,
                    start_new_session=True,  # a Ctrl+C in the terminal is for the program, which then decides
                    env=environment,
                )
        except OSError as error:
            raise EvaluationError(f"the evaluation can't be started: {error}") from error
        if niceness:
            with suppress(OSError):  # it may have ended
                os.setpriority(os.PRIO_PROCESS, self._process.pid, niceness)
        self._send(request)

    def result(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> Evaluation:
        """Wait for the result, with its progress on the way. Raises `EvaluationError`."""
        last: Evaluation | Refusal | None = None
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                with suppress(msgspec.DecodeError):
                    answer = _decoder.decode(line)
                    if isinstance(answer, Progress):
                        on_progress(answer)
                    else:
                        last = answer
        code = self._process.wait()
        self._close_input()
        if isinstance(last, Evaluation):
            return last
        if self._is_cancelled:
            raise EvaluationError("cancelled")
        if last is None:
            raise EvaluationError(f"the evaluation ended with code {code} and no answer{self._printed()}")
        raise (EvaluationRefused if last.exit_code == EvaluationRefused.exit_code else EvaluationError)(last.error)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def cancel(self) -> None:
        """End the evaluation without a result; `result`, in another thread, then raises `EvaluationError`. Waits."""
        self._is_cancelled = True
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its children too

    def _send(self, request: Request) -> None:
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


_decoder: msgspec.json.Decoder[Progress | Evaluation | Refusal] = msgspec.json.Decoder(Progress | Evaluation | Refusal)


def _is_of_ranks(variable: str) -> bool:
    return variable.startswith(_RANKS)
