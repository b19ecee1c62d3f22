"""Fast mode of a training: its step and its algorithm replay CUDA graphs (docs/fast.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.monitoring import FAST_MODE, StepCaptured, StepPart
from trainer_proc.fast.environment import attach_fast_step
from trainer_proc.fast.ppo.attach import FastPpo, attach_fast_ppo
from trainer_proc.fast.report import NOT_YET, FastReport
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.rl_libraries.runner import LibraryRunner

if TYPE_CHECKING:
    from trainer_proc.fast.mjlab.step import FastStep


class FastTraining:
    """Attaches fast mode to a runner, and reports what it has captured."""

    def __init__(self, runner: Any, emit: Callable[[TrainerBody], None], observer: Observer) -> None:
        """Change nothing yet."""
        self._runner = runner
        self._emit = emit
        self._observer = observer
        self._step: FastStep | None = None
        self.ppo: FastPpo | None = None
        """The captured algorithm; None if it isn't rsl-rl's."""
        self._sent: StepCaptured | None = None
        self.report = FastReport()

    def attach(self) -> None:
        """Replace methods on the instances of environment and algorithm; what can't be captured stays as it is."""
        env = unwrapped(self._runner.env)
        self._step = self._observer.attempt(FAST_MODE, lambda: attach_fast_step(env, self.report))
        if isinstance(self._runner, LibraryRunner):
            self.report.part("algorithm").is_eager("only rsl-rl's PPO is captured")
        else:
            self.ppo = attach_fast_ppo(self._runner, self.report)

    def start_iteration(self, checks_for_nan: bool) -> bool:
        """Capture again what reads a changed value; return whether rsl-rl still has to check for NaN at each step."""
        if self._step is not None:
            self._step.refresh()
        self._tell()
        return checks_for_nan and not (self.ppo is not None and self.ppo.check_for_nan(checks_for_nan))

    def _tell(self) -> None:
        """Report the parts that have been called, and again when others are or one has changed."""
        parts = [part for part in self.report.parts if part.reason != NOT_YET]
        if not parts:
            return
        captured = StepCaptured(
            tuple(StepPart(part.name, part.reason) for part in parts),
            captures=sum(part.captures for part in parts),
            seconds=max(part.capture_seconds for part in parts),
        )
        if self._sent is None or captured.parts != self._sent.parts:
            self._sent = captured
            self._emit(captured)
