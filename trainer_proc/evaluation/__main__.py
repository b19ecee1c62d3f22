"""`python -m trainer_proc.evaluation REQUEST` evaluates a policy; `trainer_proc.contract.evaluation` has the protocol.

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
from pathlib import Path

import msgspec

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from curricula.errors import UsageError, UserError, message_of
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.child_process import interrupt_on_signals, standard_output_for_answers
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.evaluation import Evaluation, Progress, Refusal, Request

_USAGE = "usage: python -m trainer_proc.evaluation REQUEST, a JSON object, a file that has one, or - for standard input"


def main(arguments: list[str]) -> int:
    """Print progress and the result as lines of JSON; return 0, 1 if it failed, or 2 for a wrong request."""
    interrupt_on_signals()
    os.nice(10)
    with standard_output_for_answers() as answers:

        def answer(message: Progress | Evaluation | Refusal) -> None:
            answers.write(msgspec.json.encode(message).decode() + "\n")
            answers.flush()

        try:
            last = _evaluated(arguments, answer)
            # from here on the result is written: a signal must not turn it into a failure
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            answer(last)
        except BrokenPipeError:  # nobody listens any more
            return 1
    return last.exit_code if isinstance(last, Refusal) else 0


def _evaluated(arguments: list[str], report: Callable[[Progress], None]) -> Evaluation | Refusal:
    try:
        request = _request(arguments)
        from trainer_proc.evaluation.evaluate import evaluate  # imports torch: a wrong request is refused at once

        with in_use(Path(request.checkpoint)):
            return evaluate(request, report)
    except BrokenPipeError:
        raise
    except UserError as error:
        return Refusal(str(error), error.exit_code)
    except KeyboardInterrupt:
        return Refusal("the evaluation was cancelled")
    except Exception as error:  # the caller needs one line, the log gets the traceback
        traceback.print_exc()
        return Refusal(f"the evaluation failed unexpectedly ({one_line(error)}): see its standard error")


def _request(arguments: list[str]) -> Request:
    if len(arguments) != 1:
        raise UsageError(_USAGE)
    text = arguments[0]
    if text == "-":
        text = sys.stdin.readline()
        threading.Thread(target=_end_with_input, daemon=True).start()
    elif not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{error}; {_USAGE}") from error
    try:
        return msgspec.json.decode(text, type=Request)
    except msgspec.DecodeError as error:
        raise UsageError(f"expected a request: {message_of(error, 200)}") from error


def _end_with_input() -> None:
    """Interrupt the evaluation when the program that started it is gone, whatever ended it."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # nothing is left to clean up, and taking the simulator down takes seconds
