"""What is known of a run: a fold over its frames, the same for a live, a finished and a killed one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from trainer_proc.wire.messages import (
    TERMINAL_PHASES,
    CheckpointSaved,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    Knob,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
    unpack_values,
)

RunStatus = Literal[
    "starting", "building", "compiling", "training", "paused", "stopping", "finished", "stopped", "failed", "killed"
]


@dataclass
class KnobState:
    """A knob, its value now, and what happens to it.

    `pending` is the value that waits for the next iteration, and `pending_intervention` the number of who asked for it.
    """

    knob: Knob
    value: float
    pending: float | None = None
    pending_intervention: int | None = None
    applied_at: int | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the value differs from the default."""
        return self.value != self.knob.default


@dataclass
class RunState:
    """The fold. `apply` is the only way to change it."""

    started: RunStarted | None = None
    phase: PhaseChanged | None = None
    iteration: int | None = None
    environment_steps: int = 0
    seconds_left: float = 0.0
    revision: int = 0
    knobs: dict[str, KnobState] = field(default_factory=dict)
    metric_sets: dict[int, tuple[str, ...]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    interventions: dict[int, InterventionApplied] = field(default_factory=dict)
    checkpoints: list[CheckpointSaved] = field(default_factory=list)
    export: ExportStarted | ExportFinished | ExportFailed | None = None
    last_time: float = 0.0

    def apply(self, frame: Frame) -> None:
        """Take one frame in."""
        self.last_time = frame.time
        match frame.body:
            case IterationFinished() as body:
                self._apply_iteration(body)
            case MetricSet(id=set_id, names=names):
                self.metric_sets[set_id] = names
            case RunStarted() as body:
                self.started = body
                self.phase = None
            case PhaseChanged() as body:
                self.phase = body
            case KnobsAvailable(revision=revision, knobs=knobs):
                self.revision = revision
                self.knobs = {knob.name: KnobState(knob, knob.value) for knob in knobs}
            case InterventionQueued(number=number, changes=changes):
                for change in changes:
                    self.knobs[change.knob].pending = change.new
                    self.knobs[change.knob].pending_intervention = number
            case InterventionApplied() as body:
                self._apply_intervention(body)
            case CheckpointSaved() as body:
                self.checkpoints.append(body)
            case ExportStarted() | ExportFinished() | ExportFailed() as body:
                self.export = body

    def status(self, is_alive: bool) -> RunStatus:
        """Return the run's status; `is_alive` tells whether its trainer's process runs."""
        if self.phase is not None and self.phase.phase in TERMINAL_PHASES:
            return "stopped" if self.phase.phase == "finished" and self.phase.detail else _terminal(self.phase)
        if not is_alive:
            return "killed" if self.started is not None else "starting"
        return "starting" if self.phase is None else self.phase.phase

    @property
    def progress(self) -> float:
        """Share of the iterations that is done, 0 to 1."""
        if self.started is None or self.iteration is None:
            return 0.0
        return min((self.iteration + 1) / self.started.iterations, 1.0)

    def _apply_iteration(self, body: IterationFinished) -> None:
        self.iteration = body.iteration
        self.environment_steps = body.environment_steps
        self.seconds_left = body.seconds_left
        names = self.metric_sets[body.metric_set]
        self.latest.update(zip(names, unpack_values(body.values), strict=True))

    def _apply_intervention(self, body: InterventionApplied) -> None:
        self.revision = body.revision
        self.interventions[body.number] = body
        for change in body.changes:
            knob = self.knobs[change.knob]
            knob.value = change.new
            knob.applied_at = body.iteration
            if knob.pending_intervention == body.number:  # what is read back may differ from what was asked for
                knob.pending = knob.pending_intervention = None


def _terminal(phase: PhaseChanged) -> RunStatus:
    return "failed" if phase.phase == "failed" else "finished"
