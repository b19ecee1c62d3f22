"""Evaluate a policy in a process of its own, which can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from trainer_proc.contract.evaluation import EVALUATION, Evaluation, Request
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from tui.session.backends.work import do_work


def evaluate(request: Request, report: Callable[[Progress], None], cancelled: Event) -> Evaluation:
    """Evaluate with the Python that trains the run's backend, see `do_work`; takes seconds to minutes.

    Raises `WorkerError`, `RunFolderError` or `LaunchError`.
    """
    folder = RunFolder(Path(request.run))
    folder.check_inside(folder.evaluations)
    return do_work(EVALUATION, request, folder.read_spec().backend, report, cancelled)
