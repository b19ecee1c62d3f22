"""Find out whether a started trainer accepts its launch, and remove the folder of a refused one."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from trainer_proc.contract.connection import is_live
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.environment import LaunchError
from tui.session.launching.discard import discard_run
from tui.session.runs.delete import is_in_use
from tui.session.state import RunState

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 15.0
"""Time for a refusing trainer to end; it only has to unload its libraries."""


class RefusedLaunch(LaunchError):
    """The trainer refused the launch before it built anything; the run's folder is removed."""

    exit_code: ClassVar[int] = 2


def discard_if_refused(folder: RunFolder, state: RunState) -> None:
    """Remove the run's folder and raise `RefusedLaunch` if its trainer, whose fold is `state`, refused the launch."""
    if state.phase is None or not state.phase.refused:
        return
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while is_in_use(folder) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    discard_run(folder)
    raise RefusedLaunch(state.phase.detail)


async def wait_until_accepted(folder: RunFolder) -> None:
    """Return when the trainer of `folder` begins to build, or has ended. Raises `RefusedLaunch`."""
    journal, state = JournalReader(folder.journal), RunState()
    while True:
        has_ended = await asyncio.to_thread(_has_ended, folder, state)  # asked first: its last frames are then read
        state.apply_all(journal.read_new())
        await asyncio.to_thread(discard_if_refused, folder, state)
        if has_ended or not _is_loading(state):
            return
        await asyncio.sleep(_POLL_SECONDS)


def _is_loading(state: RunState) -> bool:
    """Tell whether the trainer still loads the simulator, which it does before it checks the launch."""
    if state.started is None or state.phase is None:
        return True
    return state.phase.phase == "building" and state.phase.detail == f"loading {state.started.backend}"


def _has_ended(folder: RunFolder, state: RunState) -> bool:
    """Tell whether the trainer has died; before its first frame, its process is looked for."""
    return not is_live(folder) if state.started is not None else not is_in_use(folder)
