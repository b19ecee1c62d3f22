"""Work on checkpoints during training: a checkpoint is saved, and a worker uses it beside the training."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Result, Worker, WorkerError, WorkerRefused
from trainer_proc.contract.worker_process import LOWEST_PRIORITY, WorkerProcess

_FEW_THREADS = {"OMP_NUM_THREADS": "1"}
_NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
"""A simulator on the CPU would take memory of each GPU that it sees."""


@dataclass(frozen=True)
class Arrived:
    """Work that has ended since the last boundary, with the metrics that it publishes; empty if it has none."""

    iteration: int
    """Of the checkpoint."""
    body: TrainerBody
    metrics: dict[str, float]


class PeriodicWork(Generic[Result]):
    """Has a worker use every so many checkpoints of the training in `folder`, one at a time.

    The training thread calls `start` and `take`; neither blocks. Works that share a `turn` take turns. `device` is the
    worker's.
    """

    worker: Worker[Result]

    def __init__(
        self,
        folder: RunFolder,
        every: int,
        device: str,
        emit: Callable[[TrainerBody], None],
        python: tuple[str, ...] = (sys.executable,),
        turn: threading.Lock | None = None,
    ) -> None:
        self.folder = folder
        self._every = every
        self.device = device
        self.emit = emit
        self._python = python
        self._turn = turn or threading.Lock()
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._process: WorkerProcess[Result] | None = None
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._is_over = False
        self._reported: set[str] = set()
        self.iteration = -1
        """Iteration whose checkpoint was used last, or is now; -1 before the first."""

    # --- What kinds of work differ in ---

    def request(self, checkpoint: Path) -> msgspec.Struct:
        """Return the worker's request."""
        raise NotImplementedError

    def log(self) -> Path:
        """Return the file for the worker's other output."""
        raise NotImplementedError

    def started(self, iteration: int, stall_ms: float) -> None:
        """Report that the checkpoint was saved, which blocked the training for `stall_ms`."""

    def finished(self, iteration: int, checkpoint: Path, result: Result, seconds: float) -> Arrived:
        """Return what is published of a result; `seconds` is the process's wall time. In the work's own thread."""
        raise NotImplementedError

    def failed(self, iteration: int, reason: str) -> TrainerBody:
        """Return the message of a failure."""
        raise NotImplementedError

    # --- The training thread ---

    def is_due(self, iteration: int) -> bool:
        """Return whether the policy after `iteration` is to be used; none is after a refusal or `cancel`."""
        return not self._is_over and iteration > 0 and iteration % self._every == 0

    def is_due_at_end(self, iteration: int) -> bool:
        """Return whether the policy of the last `iteration` is to be used, whose turn it need not be."""
        return iteration != self.iteration

    def is_running(self) -> bool:
        """Return whether the worker is at work, or waits for its turn."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, iteration: int, save: Callable[[int], None]) -> None:
        """Save the checkpoint of `iteration` and use it in the background; skipped while another one is used."""
        if self._is_over:
            return
        if self.is_running():
            self._fail(iteration, f"skipped: that of iteration {self.iteration} still runs")
            return
        began = time.perf_counter()
        save(iteration)
        stall_ms = (time.perf_counter() - began) * 1000
        checkpoint = self.folder.checkpoint(iteration)
        if not checkpoint.is_file():  # a full disk or a policy that is not finite, which the save has reported
            return
        self.iteration = iteration
        self.started(iteration, stall_ms)
        self._thread = threading.Thread(target=self._run, args=(iteration, checkpoint), name=self.worker.what)
        self._thread.start()

    def take(self) -> list[Arrived]:
        """Publish and return what has ended since the last call."""
        arrived: list[Arrived] = []
        while not self._arrived.empty():
            ended = self._arrived.get()
            arrived.append(ended)
            self.emit(ended.body)
        return arrived

    def cancel(self) -> None:
        """End the running work without a result, and start none any more."""
        with self._lock:
            self._is_cancelled = self._is_over = True
            process = self._process
        if process is not None:
            process.cancel()

    def join(self) -> None:
        """Wait until the work has ended."""
        if self._thread is not None:
            self._thread.join()

    # --- Its thread ---

    def _run(self, iteration: int, checkpoint: Path) -> None:
        try:
            with in_use(checkpoint), self._turn:
                began = time.monotonic()
                result = self._done(checkpoint)
                self._arrived.put(self.finished(iteration, checkpoint, result, time.monotonic() - began))
        except WorkerRefused as problem:
            self._is_over = True
            self._fail(iteration, f"{problem}; no further {self.worker.what}s")
        except UserError as problem:
            self._fail(iteration, "cancelled: the training ends" if self._is_cancelled else str(problem))
        except Exception as error:  # such as a full disk; a thread must not end silently
            self._fail(iteration, one_line(error))

    def _done(self, checkpoint: Path) -> Result:
        log = self.log()
        log.parent.mkdir(exist_ok=True)
        with self._lock:
            if self._is_cancelled:
                raise WorkerError("cancelled")
            self._process = WorkerProcess(
                self.worker,
                self.request(checkpoint),
                log,
                python=self._python,
                variables=_FEW_THREADS | (_NO_GPU if self.device == "cpu" else {}),
                niceness=LOWEST_PRIORITY,
            )
        try:
            return self._process.result()
        finally:
            self._process = None

    def _fail(self, iteration: int, reason: str) -> None:
        if reason not in self._reported:
            self._reported.add(reason)
            self._arrived.put(Arrived(iteration, self.failed(iteration, reason), {}))
