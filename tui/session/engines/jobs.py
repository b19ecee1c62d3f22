"""States of the jobs of runs, asked from their engines at most every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.engines.job import EngineError, Job, JobQueue, JobState, read_job, write_job
from tui.session.engines.registry import REGISTERED

_FRESH_SECONDS, _ENDED_SECONDS = 3.0, 60.0
"""A command of a cluster costs its controller time, and many programs ask it; an ended job can only be requeued."""
_SILENT_SECONDS = 20.0
_CANCELLED = JobState("cancelled", "CANCELLED")
_FORGOTTEN = JobState("failed", "unknown to the engine")


class JobStates:
    """Asks engines; one question serves all runs for a moment.

    May be used by several threads. `clock` returns seconds.
    """

    def __init__(self, queues: dict[str, JobQueue] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        own = {name: engine.queue for name, engine in REGISTERED.items()}
        self._queues = own if queues is None else queues
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Job, tuple[float, JobState]] = {}
        self._silent: dict[str, tuple[float, EngineError]] = {}
        """Engines that have not answered, with the time until which they are not asked."""

    def of(self, folders: Iterable[RunFolder]) -> dict[Path, JobState]:
        """Return the states of the runs that an engine trains, by path. Raises `EngineError`."""
        jobs = {folder.path: job for folder in folders if (job := read_job(folder)) and job.engine in self._queues}
        with self._lock:
            self._ask({job for job in jobs.values() if not job.is_cancelled})
            return {path: _CANCELLED if job.is_cancelled else self._known[job][1] for path, job in jobs.items()}

    def state(self, folder: RunFolder) -> JobState | None:
        """Return the state of a run's job; None without one. Raises `EngineError`."""
        return self.of([folder]).get(folder.path)

    def text(self, folder: RunFolder) -> str:
        """Return where a run's job is, in one line; empty without a job, or for one that has ended in order."""
        job = read_job(folder)
        if job is None or job.engine not in self._queues:
            return ""
        name = f"{self._queues[job.engine].title}, job {job.id}"
        try:
            state = self.of([folder])[folder.path]
        except EngineError as error:
            return f"{name}: {error}"
        reason = f", reason {state.reason}" if state.reason else ""
        if state.status == "waiting":
            return f"waits in {name}{reason}"
        if state.status == "running":
            return f"runs in {name}"
        return f"ended in {name}{reason}" if state.status != "finished" else ""

    def waiting_text(self, folder: RunFolder) -> str:
        """Return where a run's job waits, in one line; empty if it does not, or if the engine can't be asked."""
        with suppress(EngineError):
            state = self.state(folder)
            return self.text(folder) if state is not None and state.status == "waiting" else ""
        return ""

    def cancel_waiting(self, folder: RunFolder) -> str:
        """Cancel a run's job that waits for a place, and return what has happened in one line.

        Empty for a run that has no such job. Raises `EngineError` or `OSError`.
        """
        state, job = self.state(folder), read_job(folder)
        if state is None or job is None or state.status != "waiting":
            return ""
        self._queues[job.engine].cancel(job.id)
        write_job(folder, msgspec.structs.replace(job, is_cancelled=True))
        return f"job {job.id} of {self._queues[job.engine].title} is cancelled before it had a place"

    def end(self, folder: RunFolder) -> str:
        """Ask the engine to end a run's job, and return that in one line; empty for a run that has no active job."""
        job = read_job(folder)
        try:
            state = self.state(folder)
            if job is None or state is None or not state.is_active:
                return ""
            self._queues[job.engine].cancel(job.id)
        except EngineError as error:
            return str(error)
        return f"{self._queues[job.engine].title} was asked to end job {job.id}"

    def _ask(self, jobs: set[Job]) -> None:
        now = self._clock()
        for engine, queue in self._queues.items():
            own = [job for job in jobs if job.engine == engine]
            if any(self._is_old(job, now) for job in own):
                found = self._found(engine, queue, own)
                self._known |= {Job(engine, id): (now, state) for id, state in found.items()}
                self._known |= {job: (now, _FORGOTTEN) for job in own if job.id not in found}

    def _found(self, engine: str, queue: JobQueue, jobs: list[Job]) -> dict[str, JobState]:
        """Ask an engine; one that has not answered is asked again after a while only, as that takes long."""
        until, error = self._silent.get(engine, (0.0, None))
        if error is not None and self._clock() < until:
            raise error
        try:
            return queue.states([job.id for job in jobs])
        except EngineError as silent:
            self._silent[engine] = (self._clock() + _SILENT_SECONDS, silent)
            raise

    def _is_old(self, job: Job, now: float) -> bool:
        known = self._known.get(job)
        return known is None or now - known[0] > (_FRESH_SECONDS if known[1].is_active else _ENDED_SECONDS)


JOBS = JobStates()
"""Of this process."""


def most_waiting(engine: str) -> int:
    """Return how many jobs a queue of trainings leaves waiting in an engine; 0 for what is none."""
    return REGISTERED[engine].queue.most_waiting if engine in REGISTERED else 0


def may_be_active(folder: RunFolder, state: JobState | None) -> bool:
    """Return whether a job may still train its run; one whose cluster can't be asked may, until its trainer has ended.

    Else it would be started twice.
    """
    if state is not None:
        return state.is_active
    trainer = read_trainer(folder)
    return trainer is None or not trainer.ended
