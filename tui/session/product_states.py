"""What a training has written and done with checkpoints: the part of a run's fold about its products."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainer_proc.contract.messages import Body
from trainer_proc.contract.products import (
    CheckpointSaved,
    CheckpointsDeleted,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    ExportFailed,
    ExportFinished,
    ExportStarted,
    PolicyReloaded,
    RolloutRecorded,
    TrackerLinked,
)


@dataclass
class ProductStates:
    """Fold over the frames of checkpoints, evaluations, rollouts, exports and the experiment tracker."""

    checkpoints: list[CheckpointSaved] = field(default_factory=list)
    """Saved and not deleted by the trainer since."""
    reloads: list[PolicyReloaded] = field(default_factory=list)
    evaluation: EvaluationStarted | EvaluationFinished | EvaluationFailed | None = None
    """What was reported last of an evaluation beside the training."""
    evaluations: list[EvaluationFinished] = field(default_factory=list)
    rollouts: list[RolloutRecorded] = field(default_factory=list)
    """Recorded beside the training, oldest first."""
    tracker: TrackerLinked | None = None
    """Page of the run at an experiment tracker."""
    export: ExportStarted | ExportFinished | ExportFailed | None = None
    export_time: float = 0.0
    """Unix time of `export`, in seconds."""

    @property
    def best(self) -> EvaluationFinished | None:
        """The evaluation of the checkpoint that is `model_best.pt`; None without one."""
        return next((one for one in reversed(self.evaluations) if one.is_best), None)

    @property
    def exporting_since(self) -> float | None:
        """Unix time of the begin of the export that runs, in seconds; None without one."""
        return self.export_time if isinstance(self.export, ExportStarted) else None

    def apply_product(self, body: Body, time: float) -> None:
        """Apply a frame about a product, of this Unix time; ignore others."""
        match body:
            case CheckpointSaved():
                self.checkpoints.append(body)
            case CheckpointsDeleted(paths=paths):
                self.checkpoints = [saved for saved in self.checkpoints if saved.path not in paths]
            case PolicyReloaded():
                self.reloads.append(body)
            case EvaluationStarted() | EvaluationFailed():
                self.evaluation = body
            case EvaluationFinished():
                self.evaluation = body
                self.evaluations.append(body)
            case RolloutRecorded():
                self.rollouts.append(body)
            case TrackerLinked():
                self.tracker = body
            case ExportStarted() | ExportFinished() | ExportFailed():
                self.export, self.export_time = body, time
