"""Starts periodic work at iteration boundaries, and takes its results there."""

from __future__ import annotations

from functools import partial
from typing import Any

from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.training.jobs import BackgroundJobs
from trainer_proc.training.periodic_work import Arrived, PeriodicWork


class BoundaryWork:
    """The periodic work of `jobs` as the training thread sees it; `stream` records its metrics.

    Every rank has one and calls it equally often; only that of rank 0 works.
    """

    def __init__(
        self,
        jobs: BackgroundJobs,
        steering: Steering,
        checkpoints: LiveCheckpoints,
        stream: MetricStream,
        observer: Observer,
    ) -> None:
        self._is_asked = jobs.is_periodic
        self._works: tuple[PeriodicWork[Any], ...] = jobs.periodic
        self._steering = steering
        self._checkpoints = checkpoints
        self._stream = stream
        self._observer = observer
        self._saved = -1
        self.last_iteration = -1
        """Number of the final iteration, whose policy `finish` has used; -1 while unknown."""

    def start_if_due(self, iteration: int) -> None:
        """Start the work on the policy after `iteration` whose turn it is."""
        for work in self._works:
            if iteration != self.last_iteration and work.is_due(iteration):
                work.start(iteration, self._save)

    def take(self) -> dict[str, float]:
        """Publish the work that has ended, and return its metrics; none of a policy replaced since."""
        metrics: dict[str, float] = {}
        for arrived in [ended for work in self._works for ended in work.take()]:
            self._observer.attempt("records of periodic work", partial(self._record, arrived))
            if arrived.iteration > self._checkpoints.reloaded_at:
                metrics |= arrived.metrics
        return metrics

    def finish(self, iteration: int, actions: Actions) -> None:
        """Wait for the work that runs at the last `iteration`, then do all with its policy; a stop ends both."""
        if not self._is_asked:
            return
        if self._is_to_go_on(iteration, actions):
            for work in self._works:
                if work.is_due_at_end(iteration):
                    work.start(iteration, self._save)
        self._is_to_go_on(iteration, actions)

    def _is_to_go_on(self, iteration: int, actions: Actions) -> bool:
        """Wait for the work that runs; return False if a stop ended the wait."""
        what = " and ".join(work.worker.what for work in self._works if work.is_running())
        is_to_go_on = self._steering.wait_while(self.is_running, f"finishing the last {what}", iteration, actions)
        self.take()
        return is_to_go_on

    def is_running(self) -> bool:
        """Return whether any of the work runs, or waits for its turn."""
        return any(work.is_running() for work in self._works)

    def _save(self, iteration: int) -> None:
        """Save a checkpoint, once for all works of a boundary."""
        if iteration != self._saved:
            self._checkpoints.save_complete(iteration)
            self._saved = iteration

    def _record(self, arrived: Arrived) -> None:
        for name, value in arrived.metrics.items():
            self._stream.record(name, value, arrived.iteration)
