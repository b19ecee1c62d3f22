"""Slurm's commands: submit a script, list jobs, cancel one.

`squeue` knows jobs until `MinJobAge` (300 s) after their end, `sacct` longer where accounting is configured.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tui.session.engines.job import EngineError, EngineSilent, JobState, JobStatus

_SECONDS = 60.0
"""Time for a command; a controller that does not answer costs Slurm's `MessageTimeout` several times."""
_SILENT = re.compile("[Uu]nable to contact slurm controller|Socket timed out|Zero Bytes were transmitted")
"""What Slurm's commands say of a controller that is down or busy."""
_STATUSES: dict[str, JobStatus] = {
    "PENDING": "waiting",
    "REQUEUED": "waiting",
    "REQUEUE_FED": "waiting",
    "REQUEUE_HOLD": "waiting",
    "SPECIAL_EXIT": "waiting",
    "COMPLETED": "finished",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "DEADLINE": "failed",
    "FAILED": "failed",
    "OUT_OF_MEMORY": "failed",
    "TIMEOUT": "failed",
    "BOOT_FAIL": "lost",
    "NODE_FAIL": "lost",
    "PREEMPTED": "lost",
}
"""Of Slurm's states; in all others, the job has a place."""


class Slurm:
    """The Slurm of this machine, by its commands."""

    title = "Slurm"
    most_waiting = 1000

    def submit(self, script: Path, arguments: Sequence[str] = ()) -> str:
        """Submit a script with options of `sbatch`; return the job's id. Raises `EngineError`."""
        output = _run(["sbatch", "--parsable", *arguments, str(script)], script.parent)
        return output.strip().partition(";")[0]

    def states(self, ids: list[str]) -> dict[str, JobState]:
        """Return the states of all jobs of this user; those that Slurm has forgotten are missing."""
        listed = _run(["squeue", "--noheader", "--array", "--me", "--states=all", "--format=%i|%T|%r"])
        found = parse_states(listed)
        if missing := [id for id in ids if id not in found]:
            try:
                options = ("-X", "--noheader", "--parsable2", "--format=JobID,State,Reason")
                found |= parse_states(_run(["sacct", *options, f"--jobs={','.join(missing)}"]))
            except EngineError:  # without accounting
                pass
        return found

    def cancel(self, id: str) -> None:
        """End a job; nothing for one that has ended. Raises `EngineError`."""
        _run(["scancel", "--quiet", id])


def check_installed() -> None:
    """Raise `EngineError` if this machine can't submit jobs."""
    if shutil.which("sbatch") is None:
        raise EngineError("expected Slurm's sbatch in PATH, found none: start the training on a login node")


def _run(command: list[str], folder: Path | None = None) -> str:
    """Return a command's output; variables that change its format or its choice are left out."""
    variables = {
        name: value for name, value in os.environ.items() if not re.match("(SQUEUE|SACCT|SCANCEL|SBATCH)_", name)
    }
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise EngineError(f"expected Slurm's {command[0]} in PATH, found none") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineSilent(f"Slurm's {command[0]} does not answer: {error}") from error
    if done.returncode:
        complaint = _complaint(done.stderr, command[0])
        if _SILENT.search(complaint):
            raise EngineSilent(f"Slurm's {command[0]} has no controller: {complaint}")
        raise EngineError(f"Slurm's {command[0]} refuses: {complaint}")
    return done.stdout


def _complaint(text: str, command: str) -> str:
    """Return all lines of an error as one."""
    lines = [re.sub(rf"^{command}: (error: |fatal: )*", "", line).strip() for line in text.splitlines()]
    return "; ".join(line for line in lines if line)[:500] or "without a reason"


def parse_states(table: str) -> dict[str, JobState]:
    """Return the states in lines of `JOB|STATE|REASON`; sacct has `CANCELLED by UID`."""
    states: dict[str, JobState] = {}
    for line in table.splitlines():
        id, _, rest = line.partition("|")
        state, _, reason = rest.partition("|")
        word = state.split()[0].rstrip("+") if state.split() else ""
        status = _STATUSES.get(word, "running")
        if status == "waiting":
            states[id] = JobState(status, "" if reason == "None" else reason)
        elif word:
            states[id] = JobState(status, word)
    return states
