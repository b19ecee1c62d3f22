"""`python -m trainer_proc.restart RUN_DIR ARGUMENTS…`: run a Python with ARGUMENTS, the trainer of the run.

If the training fails, it is started again in its folder, as often as the run's `[restart]` allows. It continues from
its newest checkpoint, with the changes that this one lacks. The same error at the same iteration ends it.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import msgspec

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from presets.restart import read_restart
from trainer_proc.contract.checkpoint_damage import damage_of
from trainer_proc.contract.child_process import child_environment, start_python
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import IterationFinished, PhaseChanged, RunStarted
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec, iteration_of
from trainer_proc.contract.unsaved_changes import unsaved_changes

RESTARTED = "HUMANOID_TUI_RESTARTED"
"""Environment variable of a trainer that continues the run in its folder."""
_WIRE_SECONDS = 120.0
"""Time for the wire process of a dead trainer to write its last frames."""
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Failure:
    """How an attempt has ended."""

    error: str
    iteration: int
    """Last finished iteration."""


def main() -> int:
    """Return the exit code of the last attempt."""
    folder, arguments = RunFolder(Path(sys.argv[1])), sys.argv[2:]
    rules = read_restart(folder.read_spec().restart)
    times = 0 if rules is None else rules.times
    stopped_by: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped_by.append(signum)
        trainer.send_signal(signum)

    seen: set[Failure] = set()
    trainer = start_python(*arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for attempt in range(1, times + 1):
        code = trainer.wait()
        _await_end(folder)
        failure = failure_of(folder)
        if not code or failure is None or failure in seen or newest_checkpoint(folder) is None:
            return code
        if stopped_by:  # perhaps only since the process has ended
            return code
        seen.add(failure)
        with suppress(OSError):
            print(f"[restart] {attempt} of {times} after: {failure.error}", flush=True)  # noqa: T201
        trainer = start_python(*arguments, environment=child_environment({RESTARTED: str(attempt)}))
        if stopped_by:  # the signal went to the process before
            trainer.terminate()
    return trainer.wait()


def continued_in_place(folder: RunFolder, spec: RunSpec) -> RunSpec:
    """Return the spec with which a trainer continues the run in its folder; the run's own without a checkpoint.

    Raises `JournalUnreadable` or `OSError`.
    """
    checkpoint = newest_checkpoint(folder)
    last = iteration_of(checkpoint) if checkpoint is not None else None
    if checkpoint is None or last is None:
        return spec
    return msgspec.structs.replace(
        spec,
        checkpoint=str(checkpoint),
        other_task=False,
        iterations=max(_first_iteration(folder, spec) + spec.iterations - (last + 1), 1),
        set=unsaved_changes(folder, checkpoint, last).values(),
    )


def _first_iteration(folder: RunFolder, spec: RunSpec) -> int:
    """Return the first iteration of the run, behind the checkpoint that it began with; a name need not hold it."""
    if not spec.checkpoint:
        return 0
    bodies = (frame.body for frames in JournalReader(folder.journal).read_pieces() for frame in frames)
    return next((body.first_iteration for body in bodies if isinstance(body, CheckpointLoaded)), 0)


def newest_checkpoint(folder: RunFolder) -> Path | None:
    """Return the run's newest whole checkpoint."""
    return next((path for path in reversed(folder.checkpoints()) if not damage_of(path)), None)


def failure_of(folder: RunFolder) -> Failure | None:
    """Return how the last attempt failed; None if it has not, was refused, or can't be read."""
    phase: PhaseChanged | None = None
    iteration = -1
    try:
        for frames in JournalReader(folder.journal).read_pieces():
            for frame in frames:
                match frame.body:
                    case RunStarted():
                        phase = None
                    case PhaseChanged() as body:
                        phase = body
                    case IterationFinished(iteration=number):
                        iteration = number
                    case _:
                        pass
    except (JournalUnreadable, OSError):
        return None
    if phase is None or phase.phase == "finished" or phase.refused:
        return None
    return Failure(phase.detail if phase.phase == "failed" else "", iteration)


def _await_end(folder: RunFolder) -> None:
    """Wait until no process of the last attempt writes in the folder."""
    deadline = time.monotonic() + _WIRE_SECONDS
    while is_live(folder) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RunFolderError as error:
        sys.exit(str(error))
