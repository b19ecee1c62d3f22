"""State of a run: a fold over its frames, the same for live, finished and killed runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from curricula.curriculum_knobs import mode_knob
from curricula.owners import owners_of
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.knob import Knob, RampShape, Value
from trainer_proc.contract.messages import (
    GOAL_REACHED,
    TERMINAL_PHASES,
    Change,
    CompetingWriterFound,
    Damaged,
    Frame,
    GuardCalmed,
    GuardFired,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    LeftOut,
    MetricSet,
    PhaseChanged,
    PolicyReloaded,
    RampAdvanced,
    RunStarted,
    TrainerStalled,
    UnknownBody,
)
from trainer_proc.contract.products import (
    CheckpointLoaded,
    CheckpointSaved,
    CheckpointsDeleted,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    RolloutRecorded,
    WriteDelayed,
)
from trainer_proc.contract.trainer_lock import Trainer
from trainer_proc.contract.undo_history import UndoHistory
from tui.session.guards import Troubles

RunStatus = Literal[
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
"""`killed`: the process ended without a word; `lost`: so did its machine, or it is another one's."""


@dataclass(frozen=True)
class RampState:
    """The ramp of a knob: target, shape and iterations left."""

    target: Value
    shape: RampShape
    iterations_left: int


@dataclass
class KnobState:
    """A knob with its current value and its changes."""

    knob: Knob
    value: Value
    pending: Value | None = None
    """Value queued for the next iteration."""
    pending_intervention: int | None = None
    """Number of the queued change."""
    changed_by: InterventionApplied | None = None
    """Newest change of this knob."""
    ramp: RampState | None = None
    owner_mode: KnobState | None = None
    """Mode of the curriculum that owns this knob; None without one."""

    @property
    def is_pinned(self) -> bool:
        """Whether the user's value is held against a competing writer; a curriculum's own value is not."""
        return self.knob.pinned and (self.owner_mode is None or self.owner_mode.value == "hold")

    @property
    def applied_at(self) -> int | None:
        """First iteration after the newest change of this knob."""
        return self.changed_by.iteration if self.changed_by is not None else None

    @property
    def is_changed(self) -> bool:
        """Whether the value was changed from the default, and not by a competing writer."""
        return self.value != self.knob.default and (self.knob.pinned or not self.knob.competing_writer)


@dataclass
class RunState:
    """The fold; changed by `apply` only.

    `queued`, `interventions` (applied) and `failed` are by number. The trainer's own changes are never queued.
    """

    started: RunStarted | None = None
    continued: CheckpointLoaded | None = None
    phase: PhaseChanged | None = None
    iteration: int | None = None
    environment_steps: int = 0
    seconds_left: float = 0.0
    revision: int = 0
    knobs: dict[str, KnobState] = field(default_factory=dict)
    metric_sets: dict[int, tuple[str, ...]] = field(default_factory=dict)
    queued: dict[int, InterventionQueued] = field(default_factory=dict)
    interventions: dict[int, InterventionApplied] = field(default_factory=dict)
    failed: dict[int, InterventionFailed] = field(default_factory=dict)
    past: UndoHistory = field(default_factory=UndoHistory)
    guards_fired: list[GuardFired] = field(default_factory=list)
    troubles: Troubles = field(default_factory=Troubles)
    reloads: list[PolicyReloaded] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """What the trainer could not observe, with the reason; training went on without it."""
    stalled: TrainerStalled | None = None
    """Why no iteration has finished lately."""
    had_trainer: bool = False
    """Whether a training process is known to have run and ended, perhaps before its first frame."""
    is_lost: bool = False
    """Whether the training process ran on another machine, or before this one was restarted."""
    delayed: dict[str, str] = field(default_factory=dict)
    """What can't be written now, with the reason."""
    checkpoints: list[CheckpointSaved] = field(default_factory=list)
    """Saved and not deleted by the trainer since."""
    evaluation: EvaluationStarted | EvaluationFinished | EvaluationFailed | None = None
    """What was reported last of an evaluation beside the training."""
    evaluations: list[EvaluationFinished] = field(default_factory=list)
    rollouts: list[RolloutRecorded] = field(default_factory=list)
    """Recorded beside the training, oldest first."""
    export: ExportStarted | ExportFinished | ExportFailed | None = None
    first_time: float | None = None
    """Unix time of the first frame, in seconds; None before it."""
    last_time: float = 0.0
    unknown_kinds: Counter[str] = field(default_factory=Counter)
    """Frames that were skipped because this version does not know their kind, counted by kind."""
    damaged: list[Damaged] = field(default_factory=list)
    """Stretches of the journal that can't be read."""
    _latest: dict[str, float] = field(default_factory=dict)
    _unread: dict[int, bytes] = field(default_factory=dict)

    @property
    def latest(self) -> dict[str, float]:
        """Newest value of every metric; decoded on demand, so that folding a long journal is fast."""
        self._read_latest()
        return self._latest

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
                self._apply_metric_set(body)
            case RunStarted() as body:
                self.troubles.closed(self.iteration)
                if self.started is not None and body.pid != self.started.pid:
                    self.continued = None  # until the process that starts again has loaded its checkpoint
                self.started = body
                self.phase = self.stalled = None
                self.had_trainer = self.is_lost = False
                self.delayed.clear()
            case PhaseChanged() as body:
                self.phase, self.stalled = body, None
                if body.phase in TERMINAL_PHASES:
                    self.troubles.closed(self.iteration)
            case KnobsAvailable(revision=revision, knobs=knobs):
                self.revision = revision
                self.knobs = {knob.name: KnobState(knob, knob.value) for knob in knobs}
                self._find_owners()
            case InterventionQueued() as body:
                self._apply_queued(body)
            case InterventionApplied() as body:
                self._apply_intervention(body)
            case InterventionFailed() as body:
                self._apply_failure(body)
            case RampAdvanced() as body:
                self._apply_ramp(body)
            case CompetingWriterFound(knob=name, competing_writer=competing_writer, pinned=pinned):
                self._describe(name, competing_writer=competing_writer, pinned=pinned)
            case GuardFired() as body:
                self.guards_fired.append(body)
                self.troubles.fired(body)
            case GuardCalmed() as body:
                self.troubles.calmed(body)
            case PolicyReloaded() as body:
                self.reloads.append(body)
            case LeftOut(what=what, reason=reason):
                self.missing[what] = reason
            case TrainerStalled() as body:
                self.stalled = body
            case WriteDelayed(what=what, reason=reason):
                self.delayed.pop(what, None)
                self.delayed |= {what: reason} if reason else {}
            case CheckpointLoaded() as body:
                self.continued = body
            case CheckpointSaved() as body:
                self.checkpoints.append(body)
            case CheckpointsDeleted(paths=paths):
                self.checkpoints = [saved for saved in self.checkpoints if saved.path not in paths]
            case EvaluationStarted() | EvaluationFailed() as body:
                self.evaluation = body
            case EvaluationFinished() as body:
                self._apply_evaluation(body)
            case RolloutRecorded() as body:
                self.rollouts.append(body)
            case ExportStarted() | ExportFinished() | ExportFailed() as body:
                self.export = body
            case UnknownBody(kind=kind):
                self.unknown_kinds[kind] += 1

    def status(self, is_alive: bool) -> RunStatus:
        """Return the run's status; `is_alive`: whether the trainer process runs."""
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
    def best(self) -> EvaluationFinished | None:
        """The evaluation of the checkpoint that is `model_best.pt`; None without one."""
        return next((one for one in reversed(self.evaluations) if one.is_best), None)

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

    def _apply_iteration(self, body: IterationFinished) -> None:
        self.iteration, self.stalled = body.iteration, None
        self.environment_steps = body.environment_steps
        self.seconds_left = body.seconds_left
        self._unread.pop(body.metric_set, None)  # keeps the newest last
        self._unread[body.metric_set] = body.values

    def _read_latest(self) -> None:
        for metric_set, values in self._unread.items():
            if (names := self.metric_sets.get(metric_set)) is not None:  # else it came in a frame that was skipped
                self._latest.update(zip(names, unpack_values(values), strict=False))
        self._unread.clear()

    def _apply_evaluation(self, body: EvaluationFinished) -> None:
        self.evaluation = body
        self.evaluations.append(body)
        self._read_latest()
        self._latest.update(body.values)

    def _apply_metric_set(self, body: MetricSet) -> None:
        if body.id in self._unread:  # a restarted trainer numbers its sets from 0
            self._read_latest()
        self.metric_sets[body.id] = body.names

    def _apply_queued(self, body: InterventionQueued) -> None:
        self.revision = max(self.revision, body.revision)
        self.queued[body.number] = body
        self.past.queued(body)
        for change in body.changes:
            for knob in self._known(change.knob):
                knob.pending, knob.pending_intervention = change.new, body.number

    def _apply_failure(self, body: InterventionFailed) -> None:
        self.past.failed(body.number)
        if body.number:  # 0: a step of a ramp
            self.failed[body.number] = body
        self._settle(body.number)

    def _apply_intervention(self, body: InterventionApplied) -> None:
        self.revision = max(self.revision, body.revision)
        self.interventions[body.number] = body
        self.past.applied(body)
        self._apply_changes(body.changes)
        changed = [change.knob for change in body.changes]
        for knob in self._known(*changed):
            knob.changed_by = body
        for knob in self._known(*changed, *body.stopped_ramps):
            knob.ramp = None
        if body.ramp is not None:
            for name, target in body.ramp.targets.items():
                for knob in self._known(name):
                    knob.ramp = RampState(target, body.ramp.shape, body.ramp.iterations - 1)
        for name in body.pinned:
            self._describe(name, pinned=True)
        for name in body.unpinned:
            self._describe(name, pinned=False)
        self._settle(body.number)

    def _apply_ramp(self, body: RampAdvanced) -> None:
        self.revision = max(self.revision, body.revision)
        self._apply_changes(body.changes)
        for name, left in body.iterations_left.items():
            for knob in self._known(name):
                if (ramp := knob.ramp) is not None:
                    knob.ramp = RampState(ramp.target, ramp.shape, left) if left else None

    def _apply_changes(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            for knob in self._known(change.knob):
                knob.value = change.new

    def _settle(self, number: int) -> None:
        """Clear the pending value of a change; the value read back may differ from the requested one."""
        for knob in self.knobs.values():
            if knob.pending_intervention == number:
                knob.pending = knob.pending_intervention = None

    def _find_owners(self) -> None:
        for knob, owner in owners_of(self.started.curricula if self.started is not None else {}).items():
            for state in self._known(knob):
                state.owner_mode = self.knobs.get(mode_knob(owner))

    def _describe(self, name: str, **fields: object) -> None:
        for state in self._known(name):
            state.knob = msgspec.structs.replace(state.knob, **fields)

    def _known(self, *names: str) -> list[KnobState]:
        """Return the knobs of these names; without those that only a skipped frame described."""
        return [self.knobs[name] for name in names if name in self.knobs]


def _terminal(phase: PhaseChanged) -> RunStatus:
    return "failed" if phase.phase == "failed" else "finished"
