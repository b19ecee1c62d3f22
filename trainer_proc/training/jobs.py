"""What runs beside a training on threads and in processes of its own, and how it ends with the training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from trainer_proc.checkpoints.retention import CheckpointRetention
from trainer_proc.export.job import ExportJobs, NoExports
from trainer_proc.steering.interface import TrainingStopped
from trainer_proc.training.periodic_work import PeriodicWork


@dataclass(frozen=True)
class BackgroundJobs:
    """The jobs of rank 0; other ranks have none. As a context manager, it ends them with the block."""

    exports: ExportJobs | NoExports | None = None
    periodic: tuple[PeriodicWork[Any], ...] = ()
    """Evaluations, rollouts."""
    retention: CheckpointRetention | None = None
    is_periodic: bool = False
    """Whether rank 0 has periodic work; the same on every rank."""
    at_end: list[Callable[[BaseException | None], None]] = field(default_factory=list)
    """Called first at the end, with the error that ended the training, None for an orderly end."""

    def __enter__(self) -> BackgroundJobs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for last in self.at_end:
            last(None if isinstance(error, TrainingStopped) else error)
        self.end()

    def end(self) -> None:
        """Cancel periodic work, and wait for exports and deletions: the training has ended."""
        for work in self.periodic:  # all at first: they take turns
            work.cancel()
        for work in self.periodic:
            work.join()
            work.take()
        if self.exports is not None:
            self.exports.wait()
        if self.retention is not None:
            self.retention.finish()
