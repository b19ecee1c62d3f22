"""Evaluations and exports that clients ask for: one of each at a time, as on the screen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.evaluation import Request
from trainer_proc.contract.run_folder import RunFolder
from tui.http.messages import Evaluation, EvaluationRequest, Evaluations, Export, ExportRequest
from tui.http.refusals import NotFound, Refusal
from tui.session.background import BackgroundThread
from tui.session.evaluations.jobs import EvaluationJobs, Job
from tui.session.evaluations.report import report_record
from tui.session.evaluations.run import evaluate
from tui.session.evaluations.targets import checkpoint_of, chosen_device
from tui.session.exporting import export_checkpoint, export_live
from tui.session.runs.checkpoints import find_checkpoint


class Policies:
    """Methods return at once or within seconds, and may be called from any thread."""

    def __init__(self) -> None:
        self._evaluations = EvaluationJobs(evaluate)
        self._exports: dict[Path, Export] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Cancel evaluations."""
        self._evaluations.close()

    def evaluate(self, folder: RunFolder, wanted: EvaluationRequest) -> Evaluation:
        """Queue an evaluation, or return the open one of the same policy and suite. Raises `UserError`."""
        checkpoint = checkpoint_of(folder, wanted.checkpoint).resolve()
        request = Request(
            run=str(folder.path),
            checkpoint=str(checkpoint),
            suite=wanted.suite,
            episodes=wanted.episodes or 0,
            seed=wanted.seed,
            device=chosen_device(folder, wanted.device),
        )
        if (job := self._evaluations.ask(request)) is not None:
            return _described(job)
        for job in reversed(self._evaluations.jobs):
            if (job.request.checkpoint, job.request.suite) == (request.checkpoint, request.suite):
                return _described(job)
        raise Refusal("the evaluation has just ended; retry")

    def evaluations(self, folder: RunFolder) -> Evaluations:
        """Return the evaluations of a run, oldest first."""
        return Evaluations(tuple(_described(job) for job in self._evaluations.jobs if _is_of(job, folder)))

    def evaluation(self, folder: RunFolder, number: int) -> Evaluation:
        """Return an evaluation of a run. Raises `NotFound`."""
        for job in self._evaluations.jobs:
            if job.number == number and _is_of(job, folder):
                return _described(job)
        raise NotFound(f"no such evaluation: {number}")

    def export(self, folder: RunFolder, wanted: ExportRequest) -> Export:
        """Start an export; one that runs is returned instead. Raises `UserError`."""
        checkpoint = None
        if wanted.checkpoint is not None or not is_live(folder):
            checkpoint = find_checkpoint(folder, wanted.checkpoint)
        with self._lock:
            known = self._exports.get(folder.path)
            if known is not None and known.state == "running":
                return known
            self._exports[folder.path] = running = Export("running")

        def work() -> None:
            try:
                result = export_live(folder) if checkpoint is None else export_checkpoint(folder, checkpoint)
            except (UserError, OSError) as error:
                fail(str(error))
                return
            record: dict[str, Any] = msgspec.to_builtins(result)
            self._exports[folder.path] = Export("done", result=record | {"folder": str(folder.exported)})

        def fail(reason: str) -> None:
            self._exports[folder.path] = Export("failed", reason=reason)

        BackgroundThread("exporting a policy", work, fail).start()
        return running

    def exported(self, folder: RunFolder) -> Export:
        """Return the newest export of a run."""
        return self._exports.get(folder.path, Export("none"))


def _is_of(job: Job, folder: RunFolder) -> bool:
    return job.request.run == str(folder.path)


def _described(job: Job) -> Evaluation:
    return Evaluation(
        evaluation=job.number,
        state=job.state,
        checkpoint=Path(job.request.checkpoint).name,
        suite=job.request.suite,
        done=job.progress.done,
        total=job.progress.total,
        reason=job.problem,
        result=None if job.result is None else report_record([job.result], ()),
    )
