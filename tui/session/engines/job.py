"""The job of a run that an engine trains: `engine.toml` in the run's folder, and what becomes of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.toml_file import read_or_none
from trainer_proc.contract.run_folder import RunFolder, write_atomically

_LARGEST = 4096
"""Bytes of the file."""
JobStatus = Literal["waiting", "running", "finished", "failed", "cancelled", "lost"]
"""`finished`: ended in order; `lost`: its machine was lost or taken away."""


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """The job that trains a run."""

    engine: str
    """Name of the engine."""
    id: Annotated[str, msgspec.Meta(pattern=r"^\w[\w.-]{0,100}$")]
    """The engine's own name of the job; no option of a command begins like it."""
    is_cancelled: bool = False
    """Whether it was cancelled while it waited; engines forget jobs soon."""


@dataclass(frozen=True)
class JobState:
    """What the engine reports of a job."""

    status: JobStatus
    reason: str = ""
    """Why it waits, or how it has ended, in the engine's own words."""

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("waiting", "running")


class EngineError(UserError):
    """The engine is missing, does not answer or refuses; the message is one line."""


class EngineSilent(EngineError):
    """The engine does not answer now, and may later."""


class JobQueue(Protocol):
    """An engine's list of jobs."""

    title: str
    """Name of the engine on screen."""
    most_waiting: int
    """Jobs that a queue of trainings leaves waiting in the engine; it keeps the others."""

    def states(self, ids: list[str]) -> dict[str, JobState]:
        """Return the states of jobs, and of others that cost no more; forgotten ones are missing.

        Raises `EngineError`.
        """
        ...

    def cancel(self, id: str) -> None:
        """End a job, waiting or running; nothing for one that has ended. Raises `EngineError`."""
        ...


def job_file(folder: RunFolder) -> Path:
    """Return `engine.toml` of a run's folder."""
    return folder.path / "engine.toml"


def write_job(folder: RunFolder, job: Job) -> None:
    """Write `engine.toml` atomically. Raises `OSError`."""
    write_atomically(job_file(folder), tomli_w.dumps(msgspec.to_builtins(job)).encode())


def is_cancelled(folder: RunFolder) -> bool:
    """Return whether a run's job was cancelled while it waited."""
    job = read_job(folder)
    return job is not None and job.is_cancelled


def read_job(folder: RunFolder) -> Job | None:
    """Return the job of a run; None for one that no engine trains, or whose file can't be read."""
    return read_or_none(job_file(folder), Job, _LARGEST)
