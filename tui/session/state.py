"""State of a run: a fold over its frames, the same for live, finished and killed runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from trainer_proc.contract.messages import (
    GOAL_REACHED,
    TERMINAL_PHASES,
    Frame,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from trainer_proc.contract.monitoring import (
    GuardCalmed,
    GuardFired,
    LeftOut,
    MemoryMeasured,
    StepCaptured,
    TrainerStalled,
)
from trainer_proc.contract.products import (
    CheckpointLoaded,
    EvaluationFinished,
    WriteDelayed,
)
from trainer_proc.contract.stand_ins import Damaged, UnknownBody
from trainer_proc.contract.trainer_lock import Trainer
from tui.session.guards import Troubles
from tui.session.knob_states import KnobStates
from tui.session.metrics.latest import LatestValues
from tui.session.product_states import ProductStates

RunStatus = Literal[
    "waiting",
    "starting",
    "building",
    "compiling",
    "training",
    "running",
    "paused",
    "stopping",
    "finished",
    "stopped",
    "failed",
    "killed",
    "stalled",
    "lost",
]
"""`waiting`: in the queue of an engine. `killed`: the process ended without a word.

`lost`: so did its machine, or it is another one's.
"""


@dataclass
class RunState(KnobStates, ProductStates):
    """The fold; changed by `apply` only."""

    started: RunStarted | None = None
    continued: CheckpointLoaded | None = None
    phase: PhaseChanged | None = None
    iteration: int | None = None
    environment_steps: int = 0
    seconds_left: float = 0.0
    metrics: LatestValues = field(default_factory=LatestValues)
    guards_fired: list[GuardFired] = field(default_factory=list)
    troubles: Troubles = field(default_factory=Troubles)
    missing: dict[str, str] = field(default_factory=dict)
    """What the trainer could not observe, with the reason; training went on without it."""
    step_captured: StepCaptured | None = None
    """What fast mode has captured of the training step; None without fast mode."""
    memory: MemoryMeasured | None = None
    """Memory of the training's device."""
    stalled: TrainerStalled | None = None
    """Why no iteration has finished lately."""
    had_trainer: bool = False
    """Whether a training process is known to have run and ended, perhaps before its first frame."""
    is_lost: bool = False
    """Whether the training process ran on another machine, or before this one was restarted."""
    waiting: str = ""
    """Where its job waits, in one line, as its engine reports it; empty if it does not wait."""
    delayed: dict[str, str] = field(default_factory=dict)
    """What can't be written now, with the reason."""
    first_time: float | None = None
    """Unix time of the first frame, in seconds; None before it."""
    last_time: float = 0.0
    unknown_kinds: Counter[str] = field(default_factory=Counter)
    """Frames that were skipped because this version does not know their kind, counted by kind."""
    damaged: list[Damaged] = field(default_factory=list)
    """Stretches of the journal that can't be read."""

    @property
    def latest(self) -> dict[str, float]:
        """Newest value of every metric."""
        return self.metrics.values

    def apply_all(self, frames: Iterable[Frame]) -> None:
        """Apply frames in order; of consecutive iterations, only the newest."""
        newest: dict[int, Frame] = {}  # of each metric set, in the order in which they came
        for frame in frames:
            body = frame.body
            if isinstance(body, IterationFinished):
                if self.first_time is None:
                    self.first_time = frame.time
                newest.pop(body.metric_set, None)
                newest[body.metric_set] = frame
                continue
            for iteration in newest.values():
                self.apply(iteration)
            newest.clear()
            self.apply(frame)
        for iteration in newest.values():
            self.apply(iteration)

    def apply(self, frame: Frame) -> None:
        """Apply one frame."""
        if isinstance(frame.body, Damaged):
            self._apply_damage(frame.body)
            return
        if self.first_time is None:
            self.first_time = frame.time
        self.last_time = frame.time
        match frame.body:
            case IterationFinished() as body:
                self._apply_iteration(body)
            case MetricSet() as body:
                self.metrics.take_set(body)
            case RunStarted() as body:
                self._apply_start(body)
            case PhaseChanged() as body:
                self.phase, self.stalled = body, None
                if body.phase in TERMINAL_PHASES:
                    self.troubles.closed(self.iteration)
            case KnobsAvailable() as body:
                self.knobs_available(body, self.started.curricula if self.started is not None else {})
            case GuardFired() as body:
                self.guards_fired.append(body)
                self.troubles.fired(body)
            case GuardCalmed() as body:
                self.troubles.calmed(body)
            case LeftOut(what=what, reason=reason):
                self.missing[what] = reason
            case StepCaptured() as body:
                self.step_captured = body
            case MemoryMeasured() as body:
                self.memory = body
            case TrainerStalled() as body:
                self.stalled = body
            case WriteDelayed(what=what, reason=reason):
                self.delayed.pop(what, None)
                self.delayed |= {what: reason} if reason else {}
            case CheckpointLoaded() as body:
                self.continued = body
            case EvaluationFinished() as body:
                self.metrics.take_values(body.values)
                self.apply_product(body, frame.time)
            case UnknownBody(kind=kind):
                self.unknown_kinds[kind] += 1
            case body:
                self.apply_product(body, frame.time)
                self.apply_change(body)

    def status(self, is_alive: bool) -> RunStatus:
        """Return the run's status; `is_alive`: whether the trainer process runs."""
        if self.waiting and not is_alive:  # also of a job that has stopped, and will continue
            return "waiting"
        if self.phase is not None and self.phase.phase in TERMINAL_PHASES:
            is_stopped = bool(self.phase.detail) and not self.has_reached_goal
            return "stopped" if self.phase.phase == "finished" and is_stopped else _terminal(self.phase)
        if not is_alive:
            has_begun = self.started is not None or self.had_trainer
            return ("lost" if self.is_lost else "killed") if has_begun else "starting"
        if self.stalled is not None and self.phase is not None and self.phase.phase == "training":
            return "stalled"
        return "starting" if self.phase is None else self.phase.phase

    def take_trainer(self, trainer: Trainer | None) -> None:
        """Learn how the training process ended, which a journal that could not be written lacks."""
        if trainer is None or (self.phase is not None and self.phase.phase in TERMINAL_PHASES):
            return
        self.had_trainer, self.is_lost = True, trainer.is_lost
        if trainer.ended:
            self.phase = PhaseChanged(trainer.ended, trainer.detail)

    def seconds_elapsed(self, now: float | None = None) -> float:
        """Return the time since the first frame: until `now` (Unix time), or until the newest frame."""
        until = self.last_time if now is None else now
        return 0.0 if self.first_time is None else max(until - self.first_time, 0.0)

    @property
    def has_reached_goal(self) -> bool:
        """Whether the training finished because it reached its goal."""
        phase = self.phase
        return phase is not None and phase.phase == "finished" and phase.detail.startswith(GOAL_REACHED)

    @property
    def last_iteration(self) -> int:
        """Number of the final iteration."""
        return 0 if self.started is None else self.first_iteration + self.started.iterations - 1

    @property
    def first_iteration(self) -> int:
        """Number of the first iteration; above 0 if the run continues from a checkpoint."""
        return 0 if self.continued is None else self.continued.first_iteration

    @property
    def progress(self) -> float:
        """Share of finished iterations, 0 to 1."""
        if self.started is None or self.iteration is None:
            return 0.0
        done = self.iteration + 1 - self.first_iteration
        return min(max(done / self.started.iterations, 0.0), 1.0)

    def _apply_damage(self, body: Damaged) -> None:
        if self.damaged and (last := self.damaged[-1]).start + last.size == body.start:
            body = Damaged(last.start, last.size + body.size)
            self.damaged.pop()
        self.damaged.append(body)

    def _apply_start(self, body: RunStarted) -> None:
        self.troubles.closed(self.iteration)
        if self.started is not None and body.pid != self.started.pid:
            self.continued = None  # until the process that starts again has loaded its checkpoint
            self.step_captured = None
        self.started = body
        self.phase = self.stalled = None
        self.had_trainer = self.is_lost = False
        self.delayed.clear()
        if self.exporting_since is not None:  # it has died with its process
            self.export = None

    def _apply_iteration(self, body: IterationFinished) -> None:
        self.iteration, self.stalled = body.iteration, None
        self.environment_steps = body.environment_steps
        self.seconds_left = body.seconds_left
        self.metrics.take(body)


def _terminal(phase: PhaseChanged) -> RunStatus:
    return "failed" if phase.phase == "failed" else "finished"
