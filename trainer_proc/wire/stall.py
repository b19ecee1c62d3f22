"""Notice that a training makes no progress, and what its process does meanwhile, from outside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from trainer_proc.contract.messages import IterationFinished, PhaseChanged, TrainerBody
from trainer_proc.contract.monitoring import TrainerStalled
from trainer_proc.contract.process_identity import stat_fields

STALL_SECONDS = 45.0
"""Time without an iteration, after the first one, that is reported; longer for a training with long iterations."""
_SLOWER = 5.0
"""An iteration may take this many times as long as the slowest one before."""
_STATE, _USER_TICKS, _SYSTEM_TICKS = 0, 11, 12
"""Of `stat_fields` (proc_pid_stat(5), fields 3, 14 and 15)."""
_BUSY = 0.05
"""Share of a core above which a process is at work."""
_STATES = {
    "T": "is stopped by a signal: continue it with kill -CONT {pid}",
    "t": "is stopped by a debugger",
    "D": "waits for a disk or a driver",
}


class StallWatch:
    """Watches the training process `pid`; `clock` returns seconds."""

    def __init__(self, pid: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self._clock = clock
        self._since: float | None = None
        """When the last iteration ended; None while none is due."""
        self._slowest = 0.0
        self._sampled: tuple[float, float] | None = None
        """Time and CPU seconds at the beginning of the silence."""

    def observe(self, body: TrainerBody) -> None:
        """Take note of a frame of the training."""
        now = self._clock()
        match body:
            case IterationFinished():
                if self._since is not None:
                    self._slowest = max(self._slowest, now - self._since)
                self._since, self._sampled = now, None
            case PhaseChanged(phase="training"):
                self._since = None if self._since is None else now
            case PhaseChanged():  # a pause or an end: no iteration is due
                self._since, self._sampled = None, None
            case _:
                pass

    def check(self) -> TrainerStalled | None:
        """Return the report of a stall, once; call it now and then. Reads `/proc` after a while of silence only."""
        if self._since is None:
            return None
        now = self._clock()
        silence, limit = now - self._since, max(STALL_SECONDS, _SLOWER * self._slowest)
        if self._sampled is None and silence > limit / 2:
            self._sampled = (now, _cpu_seconds(self._pid))
        if self._sampled is None or silence < limit:
            return None
        began, used = self._sampled
        self._since = None  # until the next iteration
        share = (_cpu_seconds(self._pid) - used) / max(now - began, 1e-3)
        return TrainerStalled(silence, doing(self._pid, share))


def doing(pid: int, share: float) -> str:
    """Return what a process does that has used this `share` of a core lately; continues `the training process`."""
    fields = stat_fields(pid)
    if not fields:
        return "has ended"
    if fields[_STATE] in _STATES:
        return _STATES[fields[_STATE]].format(pid=pid)
    if share >= _BUSY:
        return f"computes, with {share:.0%} of a core"
    return "waits and uses no CPU: a GPU that hangs, a lock or another process"


def _cpu_seconds(pid: int) -> float:
    fields = stat_fields(pid)
    ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")
