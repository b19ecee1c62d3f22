"""Evaluations that the user asked for: one at a time, in the order of asking, each in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from curricula.errors import UserError
from trainer_proc.contract.evaluation import Evaluation, Request
from trainer_proc.contract.worker import Progress
from tui.session.background import BackgroundThread

JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Runner: TypeAlias = Callable[[Request, Callable[[Progress], None], threading.Event], Evaluation]
"""Evaluates a request: reports progress, ends soon after the event is set, raises `UserError`."""
Listener: TypeAlias = "Callable[[Job], None]"
"""Called with each job that has changed, from the thread that evaluates or from the caller of a method."""


@dataclass(frozen=True)
class Job:
    """An evaluation that was asked for, as of now."""

    number: int
    request: Request
    state: JobState = "queued"
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    problem: str = ""
    """Why it failed, one line."""
    result: Evaluation | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")


class EvaluationJobs:
    """Starts, follows and cancels evaluations. All methods return at once and may be called from any thread."""

    def __init__(self, run: Runner) -> None:
        self._run = run
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._cancelled: dict[int, threading.Event] = {}
        self._is_working = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of this program, oldest first."""
        with self._lock:
            return tuple(self._jobs.values())

    def listen(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def stop_listening(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.remove(listener)

    def ask(self, request: Request) -> Job | None:
        """Queue an evaluation and return its job; None if the same policy and suite is already waiting or running."""
        with self._lock:
            if any(job.is_open and _same(job.request, request) for job in self._jobs.values()):
                return None
            job = Job(len(self._jobs) + 1, request)
            self._jobs[job.number] = job
            self._cancelled[job.number] = threading.Event()
            is_idle, self._is_working = not self._is_working, True
        self._tell(job)
        if is_idle:
            BackgroundThread("evaluating policies", self._work, self._fail_all).start()
        return job

    def cancel(self, number: int) -> None:
        """Cancel a waiting or running job; a running one ends within seconds, and nothing of it is stored."""
        with self._lock:
            job = self._jobs[number]
            self._cancelled[number].set()
        if job.state == "queued":
            self._change(number, "queued", state="cancelled")

    def close(self) -> None:
        """Cancel all jobs."""
        for job in self.jobs:
            if job.is_open:
                self.cancel(job.number)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._evaluate(job)

    def _next(self) -> Job | None:
        with self._lock:
            waiting = next((job for job in self._jobs.values() if job.state == "queued"), None)
            if waiting is None:
                self._is_working = False
                return None
            self._jobs[waiting.number] = running = replace(waiting, state="running")
        self._tell(running)
        return running

    def _evaluate(self, job: Job) -> None:
        cancelled = self._cancelled[job.number]

        def report(progress: Progress) -> None:
            self._change(job.number, "running", progress=progress)

        try:
            result = self._run(job.request, report, cancelled)
        except UserError as error:
            if cancelled.is_set():
                self._change(job.number, "running", state="cancelled")
            else:
                self._change(job.number, "running", state="failed", problem=str(error))
        else:
            self._change(job.number, "running", state="done", result=result)

    def _change(self, number: int, expected: JobState, **changes: object) -> None:
        """Change a job that is still in the state `expected`."""
        with self._lock:
            if self._jobs[number].state != expected:
                return
            self._jobs[number] = changed = replace(self._jobs[number], **changes)  # type: ignore[arg-type]
        self._tell(changed)

    def _tell(self, job: Job) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(job)

    def _fail_all(self, problem: str) -> None:
        """Report that the thread has failed: nothing that waits will run."""
        with self._lock:
            self._is_working = False
            open_jobs = [job for job in self._jobs.values() if job.is_open]
        for job in open_jobs:
            self._change(job.number, job.state, state="failed", problem=problem)


def _same(one: Request, other: Request) -> bool:
    return (one.run, one.checkpoint, one.suite) == (other.run, other.checkpoint, other.suite)
