"""Evaluations during training: a checkpoint is saved, and a process of its own plays it beside the training."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from curricula.errors import UserError
from presets.evaluation import PREFIX, PeriodicEvaluation
from trainer_proc.contract.best_checkpoint import BestCheckpoint, keep_best, read_best
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.evaluation import (
    EVALUATION,
    Evaluation,
    Request,
    is_condition,
    result_file,
    values_of,
)
from trainer_proc.contract.knob import value_text
from trainer_proc.contract.messages import EvaluationFailed, EvaluationFinished, EvaluationStarted, TrainerBody
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import WorkerError, WorkerRefused
from trainer_proc.contract.worker_process import LOWEST_PRIORITY, WorkerProcess
from trainer_proc.steering.guards import BEST, JUDGED_BY

_FEW_THREADS = {"OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Arrived:
    """An evaluation that has ended since the last boundary, with the metrics that it publishes; empty if it failed."""

    body: EvaluationFinished | EvaluationFailed
    metrics: dict[str, float]


class PeriodicEvaluations:
    """Evaluates checkpoints of the training in `folder` as `asked`, one at a time.

    The training thread calls `start` and `take`; neither blocks. `device` is the training's own.
    """

    def __init__(
        self,
        folder: RunFolder,
        asked: PeriodicEvaluation,
        device: str,
        emit: Callable[[TrainerBody], None],
        python: tuple[str, ...] = (sys.executable,),
    ) -> None:
        self._folder = folder
        self._asked = asked
        self._device = asked.device or device
        self._emit = emit
        self._python = python
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._process: WorkerProcess[Evaluation] | None = None
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._is_over = False
        self._reported: set[str] = set()
        self.iteration = -1
        """Iteration that was evaluated last, or is now; -1 before the first."""

    def is_due(self, iteration: int) -> bool:
        """Return whether the policy after `iteration` is to be evaluated; none is after a refusal or `cancel`."""
        return not self._is_over and iteration > 0 and iteration % self._asked.every == 0

    def is_running(self) -> bool:
        """Return whether an evaluation runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, iteration: int, save: Callable[[int], None]) -> None:
        """Save the checkpoint of `iteration` and evaluate it in the background; skipped while another one runs."""
        if self._is_over:
            return
        if self.is_running():
            self._fail(iteration, f"skipped: that of iteration {self.iteration} still runs")
            return
        began = time.perf_counter()
        save(iteration)
        stall_ms = (time.perf_counter() - began) * 1000
        checkpoint = self._folder.checkpoint(iteration)
        if not checkpoint.is_file():  # a full disk or a policy that is not finite, which the save has reported
            return
        self.iteration = iteration
        self._emit(EvaluationStarted(iteration, self._asked.suite, self._device, stall_ms))
        self._thread = threading.Thread(target=self._run, args=(iteration, checkpoint), name="evaluation")
        self._thread.start()

    def take(self) -> list[Arrived]:
        """Publish and return the evaluations that have ended since the last call."""
        arrived: list[Arrived] = []
        while not self._arrived.empty():
            ended = self._arrived.get()
            arrived.append(ended)
            self._emit(ended.body)
        return arrived

    def cancel(self) -> None:
        """End the running evaluation without a result, and start none any more. Waits until its process has ended."""
        with self._lock:
            self._is_cancelled = self._is_over = True
            process = self._process
        if process is not None:
            process.cancel()
        if self._thread is not None:
            self._thread.join()

    # --- its thread ---

    def _run(self, iteration: int, checkpoint: Path) -> None:
        try:
            with in_use(checkpoint):
                began = time.monotonic()
                result = self._played(checkpoint)
                self._finish(iteration, checkpoint, result, time.monotonic() - began)
        except WorkerRefused as problem:
            self._is_over = True
            self._fail(iteration, f"{problem}; no further evaluations")
        except UserError as problem:
            self._fail(iteration, "cancelled: the training ends" if self._is_cancelled else str(problem))
        except Exception as error:  # such as a full disk; a thread must not end silently
            self._fail(iteration, one_line(error))

    def _played(self, checkpoint: Path) -> Evaluation:
        request = Request(
            run=str(self._folder.path),
            checkpoint=str(checkpoint),
            suite=self._asked.suite,
            episodes=self._asked.episodes,
            device=self._device,
        )
        log = self._folder.evaluations / "console.log"
        log.parent.mkdir(exist_ok=True)
        with self._lock:
            if self._is_cancelled:
                raise WorkerError("cancelled")
            self._process = WorkerProcess(
                EVALUATION, request, log, python=self._python, variables=_FEW_THREADS, niceness=LOWEST_PRIORITY
            )
        try:
            return self._process.result()
        finally:
            self._process = None

    def _finish(self, iteration: int, checkpoint: Path, result: Evaluation, seconds: float) -> None:
        means = means_of(result)
        best, is_best = self._best(iteration, means, conditions_of(result))
        values = {f"{PREFIX}{name}": value for name, value in means.items()}
        if best is not None:
            values[BEST] = best.value
        body = EvaluationFinished(
            iteration=iteration,
            suite=result.suite,
            values=values,
            folder=str(result_file(self._folder, checkpoint.name, result.suite).parent.relative_to(self._folder.path)),
            episodes=sum(cell.episodes for cell in result.cells),
            seconds=seconds,
            is_best=is_best,
        )
        self._arrived.put(Arrived(body, values))

    def _best(self, iteration: int, means: dict[str, float], conditions: str) -> tuple[BestCheckpoint | None, bool]:
        """Return the best checkpoint so far, and whether it is this one."""
        measures = (name.removeprefix(PREFIX) for name in JUDGED_BY)
        measure = next((name for name in measures if name in means), None)
        before = read_best(self._folder)
        if measure is None:
            return before, False
        this = BestCheckpoint(
            iteration=iteration,
            suite=self._asked.suite,
            measure=measure,
            value=means[measure],
            conditions=conditions,
        )
        if before is not None and not is_better(this, before):
            return before, False
        keep_best(self._folder, this)
        return this, True

    def _fail(self, iteration: int, reason: str) -> None:
        if reason not in self._reported:
            self._reported.add(reason)
            self._arrived.put(Arrived(EvaluationFailed(iteration, reason), {}))


def means_of(result: Evaluation) -> dict[str, float]:
    """Return the mean of each measure over the episodes of all cells that have it."""
    values = {measure.name: values_of(result.cells, measure.name) for measure in result.measures}
    return {name: fmean(found) for name, found in values.items() if found}


def conditions_of(result: Evaluation) -> str:
    """Return the changed knobs that decide what was asked of the policy, as text: levels, ranges, randomization."""
    knobs = {name: value for name, value in sorted(result.knobs.items()) if is_condition(name)}
    return " ".join(f"{name}={value_text(value)}" for name, value in knobs.items())


def is_better(new: BestCheckpoint, old: BestCheckpoint) -> bool:
    """Return whether `new` replaces `old`: it reached as much, or other things were asked, so that none is better."""
    is_comparable = (new.suite, new.measure, new.conditions) == (old.suite, old.measure, old.conditions)
    return not is_comparable or new.value >= old.value
