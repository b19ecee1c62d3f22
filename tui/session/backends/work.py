"""Do a worker's work in a process of its own, which can be cancelled."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec

from trainer_proc.contract.worker import Progress, Result, Worker
from trainer_proc.contract.worker_process import WorkerProcess
from tui.session.backends.environment import backend_command
from tui.session.backends.named_code import check_code_of_run

OWN_PYTHON = "mjlab"
"""The backend whose Python is this program's own: it has MuJoCo, whatever simulator made a rollout."""
_POLL_SECONDS = 0.2


def do_work(
    worker: Worker[Result], request: msgspec.Struct, backend: str, report: Callable[[Progress], None], cancelled: Event
) -> Result:
    """Return the result of a request, with the Python that trains `backend`; takes seconds to minutes.

    `report` gets the progress. Soon after `cancelled` is set, the process ends and stores nothing. It also ends with
    this process. Raises `WorkerError` or `LaunchError`, one of them for a run that names code which is not allowed.
    """
    check_code_of_run(getattr(request, "run", ""))
    python, variables = backend_command(backend)
    return _done(worker, request, report, cancelled, python=python, variables=variables)


def do_own_work(
    worker: Worker[Result], request: msgspec.Struct, report: Callable[[Progress], None], cancelled: Event
) -> Result:
    """Return the result of a request that needs no simulator of a training, with this program's Python; see `do_work`.

    The worker itself refuses in one line what is not installed. Raises `WorkerError`.
    """
    return _done(worker, request, report, cancelled)


def _done(
    worker: Worker[Result],
    request: msgspec.Struct,
    report: Callable[[Progress], None],
    cancelled: Event,
    *,
    python: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Result:
    with tempfile.NamedTemporaryFile() as printed:
        process = WorkerProcess(
            worker, request, Path(printed.name), is_log_kept=False, python=python, variables=variables
        )
        name = f"cancelling: {worker.what}"
        Thread(target=_cancel_when, args=(cancelled, process), name=name, daemon=True).start()
        try:
            return process.result(report)
        finally:
            if process.is_running:  # a signal has interrupted this program
                process.cancel()


def _cancel_when(cancelled: Event, process: WorkerProcess[Any]) -> None:
    while process.is_running:
        if cancelled.wait(_POLL_SECONDS):
            process.cancel()
