"""Evaluate a policy in a process of its own, which can be cancelled."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from trainer_proc.contract.evaluation import Evaluation, Progress, Request
from trainer_proc.contract.evaluation_process import EvaluationProcess
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.environment import backend_command

_POLL_SECONDS = 0.2


def evaluate(request: Request, report: Callable[[Progress], None], cancelled: Event) -> Evaluation:
    """Evaluate with the Python that trains the run's backend; takes seconds to minutes.

    `report` gets the progress. Soon after `cancelled` is set, the process ends and stores nothing. It also ends with
    this process. Raises `EvaluationError`, `RunFolderError` or `LaunchError`.
    """
    python, variables = backend_command(RunFolder(Path(request.run)).read_spec().backend)
    with tempfile.NamedTemporaryFile() as printed:
        process = EvaluationProcess(request, Path(printed.name), is_log_kept=False, python=python, variables=variables)
        Thread(target=_cancel_when, args=(cancelled, process), name="cancelling an evaluation", daemon=True).start()
        try:
            return process.result(report)
        finally:
            if process.is_running:  # a signal has interrupted this program
                process.cancel()


def _cancel_when(cancelled: Event, process: EvaluationProcess) -> None:
    while process.is_running:
        if cancelled.wait(_POLL_SECONDS):
            process.cancel()
