"""Whether a run is still starting, as its journal says."""

from __future__ import annotations

from types import TracebackType

from trainer_proc.contract.run_folder import RunFolder
from tui.session.follow import Follower
from tui.session.state import RunState
from tui.session.status_text import progress

_BEFORE_TRAINING = ("starting", "building", "compiling")
_FIRST_ITERATION = ("training", "stalled")
"""Kernels are compiled in the first iteration too, and a module is reported when it is done."""


class StartingRun:
    """Follows a run until its first iteration has finished."""

    def __init__(self, folder: RunFolder) -> None:
        self._follower = Follower(folder)
        self._state = RunState()

    def __enter__(self) -> StartingRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._follower.close()

    def doing(self) -> str:
        """Return what a starting run does, in one line; empty for one that has started, waits or has ended.

        Raises `JournalUnreadable` or `OSError`.
        """
        self._state.apply_all(self._follower.poll(0.0))
        if not self._follower.is_live:
            return ""
        status = self._state.status(is_alive=True)
        is_first = status in _FIRST_ITERATION and self._state.iteration is None
        return progress(self._state, is_alive=True, bar_width=0) if is_first or status in _BEFORE_TRAINING else ""

    @property
    def failure(self) -> str:
        """How the run has failed, in one line; empty for one that has not."""
        phase = self._state.phase
        return f"failed: {phase.detail}" if phase is not None and phase.phase == "failed" else ""
