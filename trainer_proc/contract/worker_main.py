"""A worker's own end: reads its request, prints progress and result.

Runs beside trainings: with low priority. Whatever interrupts it, there is no half result: the end of its input or a
closed output too, so that it ends with the program that started it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, TypeAlias, TypeVar

import msgspec

from curricula.errors import UsageError, UserError, message_of
from trainer_proc.contract.child_process import interrupt_on_signals, standard_output_for_answers
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.worker import Progress, Refusal, Result, Worker

Report: TypeAlias = Callable[[Progress], None]
_Request = TypeVar("_Request", bound=msgspec.Struct)
at_end = ExitStack()
"""What a worker does at its end, whatever that is: exit hooks of Python would not run."""


def run_worker(
    worker: Worker[Result],
    request: type[_Request],
    work: Callable[[_Request, Report], Result],
    *,
    niceness: int = 10,
) -> NoReturn:
    """Do the work that the command line asks for, and end: with 0, 1 if it failed, or 2 for a wrong request.

    `work` imports what takes long: a wrong request is refused at once. It raises `UserError`. `niceness` is added to
    the process's.
    """
    os.nice(niceness)
    with at_end:
        status = _answer(worker, request, work, sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # taking a simulator down takes seconds, and Python's exit hooks would do so


def _answer(
    worker: Worker[Result],
    request: type[_Request],
    work: Callable[[_Request, Report], Result],
    arguments: list[str],
) -> int:
    interrupt_on_signals()
    with standard_output_for_answers() as answers:

        def answer(message: msgspec.Struct) -> None:
            answers.write(msgspec.json.encode(message).decode() + "\n")
            answers.flush()

        try:
            last = _done(worker, lambda: work(_request(worker, request, arguments), answer))
            # from here on the result is written: a signal must not turn it into a failure
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            answer(last)
        except BrokenPipeError:  # nobody listens any more
            return 1
    return last.exit_code if isinstance(last, Refusal) else 0


def _done(worker: Worker[Result], work: Callable[[], Result]) -> Result | Refusal:
    try:
        return work()
    except BrokenPipeError:
        raise
    except UserError as error:
        return Refusal(str(error), error.exit_code)
    except KeyboardInterrupt:
        return Refusal(f"the {worker.what} was cancelled")
    except Exception as error:  # the caller needs one line, the log gets the traceback
        traceback.print_exc()
        return Refusal(f"the {worker.what} failed unexpectedly ({one_line(error)}): see its standard error")


def _request(worker: Worker[Result], request: type[_Request], arguments: list[str]) -> _Request:
    usage = f"usage: python -m {worker.module} REQUEST, a JSON object, a file that has one, or - for standard input"
    if len(arguments) != 1:
        raise UsageError(usage)
    text = arguments[0]
    if text == "-":
        text = sys.stdin.readline()
        threading.Thread(target=_end_with_input, daemon=True).start()
    elif not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{error}; {usage}") from error
    try:
        return decode_json(text, request)
    except msgspec.DecodeError as error:
        raise UsageError(f"expected a request: {message_of(error, 200)}") from error


def _end_with_input() -> None:
    """Interrupt the work when the program that started it is gone, whatever ended it."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
