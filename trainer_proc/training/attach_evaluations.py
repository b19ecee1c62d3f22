"""Starts periodic evaluations at iteration boundaries, and takes their results there."""

from __future__ import annotations

from functools import partial

from trainer_proc.checkpoints.save import LiveCheckpoints
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.stream import MetricStream
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.training.jobs import BackgroundJobs
from trainer_proc.training.periodic_evaluation import Arrived

_FINISHING = "finishing the last evaluation"


class BoundaryEvaluations:
    """The evaluations of `jobs` as the training thread sees them; `stream` records their metrics.

    Every rank has one and calls it equally often; only that of rank 0 evaluates.
    """

    def __init__(
        self,
        jobs: BackgroundJobs,
        steering: Steering,
        checkpoints: LiveCheckpoints,
        stream: MetricStream,
        observer: Observer,
    ) -> None:
        self._is_asked = jobs.evaluates
        self._evaluations = jobs.evaluations
        self._steering = steering
        self._checkpoints = checkpoints
        self._stream = stream
        self._observer = observer
        self.last_iteration = -1
        """Number of the final iteration, which `finish` evaluates; -1 while unknown."""

    def start_if_due(self, iteration: int) -> None:
        """Evaluate the policy after `iteration` if it is its turn."""
        is_last = iteration == self.last_iteration
        if self._evaluations is not None and not is_last and self._evaluations.is_due(iteration):
            self._evaluations.start(iteration, self._checkpoints.save_complete)

    def take(self) -> dict[str, float]:
        """Publish the evaluations that have ended, and return their metrics; none of a policy replaced since."""
        metrics: dict[str, float] = {}
        for arrived in self._evaluations.take() if self._evaluations is not None else []:
            self._observer.attempt("records of evaluations", partial(self._record, arrived))
            if arrived.body.iteration > self._checkpoints.reloaded_at:
                metrics |= arrived.metrics
        return metrics

    def finish(self, iteration: int, actions: Actions) -> None:
        """Wait for the evaluation that runs at the last `iteration`, then evaluate its policy; a stop ends both."""
        if not self._is_asked:
            return
        is_to_go_on = self._steering.wait_while(self._is_running, _FINISHING, iteration, actions)
        self.take()
        if self._evaluations is not None and is_to_go_on and self._evaluations.iteration != iteration:
            self._evaluations.start(iteration, self._checkpoints.save_complete)
        self._steering.wait_while(self._is_running, _FINISHING, iteration, actions)
        self.take()

    def _is_running(self) -> bool:
        return self._evaluations is not None and self._evaluations.is_running()

    def _record(self, arrived: Arrived) -> None:
        for name, value in arrived.metrics.items():
            self._stream.record(name, value, arrived.body.iteration)
