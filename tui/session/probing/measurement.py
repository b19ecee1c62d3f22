"""Reads the speed of a short training from its frames."""

from __future__ import annotations

from trainer_proc.contract.messages import Frame, IterationFinished, PhaseChanged
from tui.session.probing.search import Outcome, Probe
from tui.session.remedies import is_out_of_memory
from tui.session.state import RunState

WARM_UP = 3
"""First iterations, which are slower: buffers are made, and graphs captured."""
SECONDS = 4.0
"""Least time that is measured, over at least `_LEAST` iterations."""
_LEAST = 2
_FIRST_SECONDS = 60.0
"""Longest first iteration, in which the simulator loads its kernels."""
_PATIENCE_SECONDS = 20.0
"""Time from its end on, after which what was measured has to do."""
_KILLED = -9
"""Exit code of a process that the kernel has killed, as it does if main memory runs out."""


class Measurement:
    """The frames of one short training with `num_envs` environments a process."""

    def __init__(self, num_envs: int) -> None:
        self._num_envs = num_envs
        self.state = RunState()
        self._finished: list[tuple[float, int]] = []
        """Unix time in seconds and steps of all environments, after each iteration."""
        self.began: float | None = None
        """Unix time at which the training began, once all was built."""

    def take(self, frame: Frame) -> None:
        """Apply the next frame."""
        self.state.apply(frame)
        if isinstance(frame.body, PhaseChanged) and frame.body.phase == "training" and self.began is None:
            self.began = frame.time
        if isinstance(frame.body, IterationFinished):
            self._finished.append((frame.time, frame.body.environment_steps))

    def result(self, now: float) -> Probe | None:
        """Return what was measured until `now` (Unix time); None if it is too early."""
        warm = self._finished[WARM_UP - 1 :]
        if len(warm) > _LEAST and warm[-1][0] - warm[0][0] >= SECONDS:
            return self._probe("measured", _speed(warm))
        if self.began is None or now < self._deadline(self.began):
            return None
        usable = warm if len(warm) > 1 else self._finished
        return self._probe("measured", _speed(usable)) if len(usable) > 1 else self._probe("too slow")

    def _deadline(self, began: float) -> float:
        return self._finished[0][0] + _PATIENCE_SECONDS if self._finished else began + _FIRST_SECONDS

    def end(self, exit_code: int) -> Probe:
        """Return the result of a training that has ended by itself."""
        if len(self._finished) > WARM_UP:
            return self._probe("measured", _speed(self._finished[WARM_UP - 1 :]))
        reason = self.state.phase.detail if self.state.phase is not None else ""
        if exit_code == _KILLED or is_out_of_memory(reason):
            return self._probe("out of memory", reason=reason or "ended by the system")
        return self._probe("failed", reason=reason or f"the training ended with code {exit_code}")

    def _probe(self, outcome: Outcome, speed: float = 0.0, reason: str = "") -> Probe:
        memory = self.state.memory
        return Probe(
            self._num_envs,
            outcome,
            speed,
            used_bytes=0 if memory is None else memory.used_bytes,
            total_bytes=0 if memory is None else memory.total_bytes,
            reason=reason,
        )


def _speed(finished: list[tuple[float, int]]) -> float:
    """Return environment steps a second between the first and the last of some iterations."""
    (began, before), (ended, after) = finished[0], finished[-1]
    return (after - before) / max(ended - began, 1e-6)
