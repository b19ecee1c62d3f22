"""Stop a training in steps: request, SIGTERM, SIGKILL. Each next step follows if the one before had no effect."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.process_identity import process_identity, stat_fields
from trainer_proc.contract.requests import Refused, Stop
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import Trainer, is_training, read_trainer
from tui.session.engines.jobs import JOBS
from tui.session.trainer_request import TrainerUnreachable, ask

_POLL_SECONDS = 0.1
_PARENT = 1
"""Of `stat_fields` (proc_pid_stat(5), field 4)."""
_RESTART = b"trainer_proc.restart"
"""Module that starts a failed training again; the folder is its first argument."""


class NotStopped(UserError):
    """The training could not be stopped."""


@dataclass(frozen=True)
class Patience:
    """Seconds until the next step."""

    after_request: float
    """For the iteration and its checkpoint."""
    after_terminate: float
    """As above, for a training that the request has not reached."""
    after_kill: float = 10.0


def stop_in_steps(folder: RunFolder, patience: Patience, show: Callable[[str], None]) -> None:
    """Stop the training of `folder` and return when its process has ended; each step is shown. Blocks.

    One on another machine gets no signal: its engine is asked to end its job.

    Raises `NotStopped`, or `TrainerUnreachable` if no training runs.
    """
    if process := end_restart(folder):
        show(f"the next attempt is cancelled: SIGTERM sent to process {process}")
        if _has_ended(folder, patience.after_terminate):
            return
    if not is_live(folder):
        raise TrainerUnreachable(f"no trainer runs for {folder.name}: it has ended or was never started")
    show("stop requested: the training saves a checkpoint after this iteration")
    try:
        reply = ask(folder, Stop())
        refusal = reply.reason if isinstance(reply, Refused) else ""
    except TrainerUnreachable as error:
        refusal = str(error)
    if refusal:
        show(f"the request was not accepted: {refusal}")
    if not refusal and _has_ended(folder, patience.after_request):
        return
    for number, wait, what in (
        (signal.SIGTERM, patience.after_terminate, "it saves a checkpoint after this iteration"),
        (signal.SIGKILL, patience.after_kill, "nothing is saved"),
    ):
        process = signal_trainer(folder, number)
        if process is None:
            if asked := JOBS.end(folder):
                show(asked)
            if _has_ended(folder, patience.after_terminate if asked else patience.after_kill):
                return
            break
        show(f"{number.name} sent to process {process}: {what}")
        if _has_ended(folder, wait):
            return
    raise NotStopped(f"{folder.name} still trains", hint="see humanoid-tui machine for its processes")


def signal_trainer(folder: RunFolder, number: signal.Signals) -> int | None:
    """Send a signal to the training process of `folder`; return its id, None if no such process runs here.

    Raises `NotStopped` if that is not allowed.
    """
    trainer = read_trainer(folder)
    if trainer is None or not is_training(folder) or not _holds(trainer, folder.lock):
        return None
    try:
        for parent in _restarting(trainer.pid):  # else it would start the training again
            os.kill(parent, signal.SIGTERM)
        os.kill(trainer.pid, number)
        if number == signal.SIGTERM:
            os.kill(trainer.pid, signal.SIGCONT)  # a process that was stopped handles no signal
    except ProcessLookupError:
        return None
    except PermissionError as error:
        raise NotStopped(f"process {trainer.pid} belongs to another user") from error
    return trainer.pid


def end_restart(folder: RunFolder) -> int | None:
    """End the process that is about to start the training of `folder` again; return its id.

    None if there is no such process, or the training runs.
    """
    if is_training(folder):
        return None
    for entry in Path("/proc").glob("[0-9]*"):
        if _restarts(entry, folder):
            with suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGTERM)
                return int(entry.name)
    return None


def _restarts(process: Path, folder: RunFolder) -> bool:
    """Return whether a process of `/proc` starts the training of `folder` again if it fails."""
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return False
    place = arguments.index(_RESTART) + 1 if _RESTART in arguments[:-1] else 0
    return place > 0 and _is_same(process / "cwd" / os.fsdecode(arguments[place]), folder.path)


def _holds(trainer: Trainer, lock: Path) -> bool:
    """Return whether a process of this machine has the lock's file open: the file may name any process."""
    if not trainer.identity or process_identity(trainer.pid) != trainer.identity:
        return False
    files = Path(f"/proc/{trainer.pid}/fd")
    if not files.exists():  # no Linux
        return True
    try:
        return any(_is_same(file, lock) for file in files.iterdir())
    except OSError:
        return False


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # closed meanwhile: a training opens and closes files all the time
        return False


def _restarting(pid: int) -> list[int]:
    """Return the process above a training process, or above its launcher, that starts a failed training again."""
    for _ in range(2):
        try:
            pid = int(stat_fields(pid)[_PARENT])
            if _RESTART in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return [pid]
        except (OSError, ValueError, IndexError):
            return []
    return []


def _has_ended(folder: RunFolder, seconds: float) -> bool:
    """Wait until no training process runs, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while is_live(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
