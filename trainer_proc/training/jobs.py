"""What runs beside a training on threads and in processes of its own, and how it ends with the training."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from trainer_proc.checkpoints.retention import CheckpointRetention
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.training.periodic_evaluation import PeriodicEvaluations


@dataclass(frozen=True)
class BackgroundJobs:
    """The jobs of rank 0; other ranks have none. As a context manager, it ends them with the block."""

    exports: ExportJobs | NoExports | None = None
    evaluations: PeriodicEvaluations | None = None
    retention: CheckpointRetention | None = None
    evaluates: bool = False
    """Whether rank 0 has evaluations; the same on every rank."""

    def __enter__(self) -> BackgroundJobs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """Cancel the evaluation, and wait for exports and deletions: the training has ended."""
        if self.evaluations is not None:
            self.evaluations.cancel()
            self.evaluations.take()
        if self.exports is not None:
            self.exports.wait()
        if self.retention is not None:
            self.retention.finish()
