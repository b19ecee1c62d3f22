"""Frames about the files that a training writes: checkpoints, evaluations, rollouts, exported policies."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.limits import Count, Iteration

JOURNAL, EVENT_FILES, CHECKPOINTS = "journal", "TensorBoard records", "checkpoints"
"""What `WriteDelayed` reports."""


class CheckpointSaved(msgspec.Struct, frozen=True, tag=True):
    """A complete checkpoint file was written."""

    iteration: Iteration
    """Last iteration that it includes."""
    path: str
    """File, relative to the run's folder."""


class CheckpointLoaded(msgspec.Struct, frozen=True, tag=True):
    """Training continues from a checkpoint."""

    first_iteration: Count
    """Number of the first iteration after it."""
    path: str
    """File that was loaded."""
    copied: str = ""
    """What was copied of a policy with other observations or actions, one line; empty if it was loaded as a whole."""


class PolicyReloaded(msgspec.Struct, frozen=True, tag=True):
    """A checkpoint was loaded into the live policy, on request; knobs keep their values."""

    iteration: Iteration
    """First iteration collected with it."""
    path: str
    """File, relative to the run's folder if it lies inside."""


class CheckpointFailed(msgspec.Struct, frozen=True, tag=True):
    """No checkpoint was written; training continues."""

    iteration: Iteration
    """Last finished iteration."""
    reason: str
    """One line."""


class CheckpointsDeleted(msgspec.Struct, frozen=True, tag=True):
    """Checkpoints that no rule of `[checkpoints]` keeps were deleted."""

    paths: tuple[str, ...]
    """Files, relative to the run's folder."""


class WriteDelayed(msgspec.Struct, frozen=True, tag=True):
    """Something can't be written now, to a full disk for one; training continues, and it is written later."""

    what: str
    """`JOURNAL`, `EVENT_FILES` or `CHECKPOINTS`."""
    reason: str
    """One line; empty once all is written again."""


class TrackerLinked(msgspec.Struct, frozen=True, tag=True):
    """The training library also logs to an experiment tracker."""

    tracker: str
    """Its name: `W&B`, `Neptune`, `MLflow` or `tracker`."""
    link: str
    """Page of the run, without credentials."""


class EvaluationStarted(msgspec.Struct, frozen=True, tag=True):
    """A checkpoint was saved, and a process evaluates it beside the training."""

    iteration: Iteration
    """Iteration of the checkpoint."""
    suite: str
    """One of `contract.evaluation.SUITES`."""
    device: str
    """`cpu` or `cuda:N`."""
    stall_ms: float
    """Time for which training was blocked to save the checkpoint, in milliseconds."""


class EvaluationFinished(msgspec.Struct, frozen=True, tag=True):
    """An evaluation beside the training has finished; charts draw its values at the iteration of the checkpoint."""

    iteration: Iteration
    """Iteration of the checkpoint, below that of the frames around this one."""
    suite: str
    """Suite that was played."""
    values: dict[str, float]
    """Means over all episodes by metric, `Evaluation/<measure>`."""
    folder: str
    """Folder of the result, relative to the run's folder."""
    episodes: int
    """Number of episodes in all."""
    seconds: float
    """Wall time of the process, in seconds."""
    is_best: bool = False
    """Whether the checkpoint is now `model_best.pt`."""


class EvaluationFailed(msgspec.Struct, frozen=True, tag=True):
    """An evaluation beside the training failed or was skipped; a reason is reported once, and training continues."""

    iteration: Iteration
    """Iteration of the policy."""
    reason: str
    """One line."""


class RolloutRecorded(msgspec.Struct, frozen=True, tag=True):
    """What a checkpoint's policy does was recorded beside the training."""

    iteration: Iteration
    """Iteration of the checkpoint, below that of the frames around this one."""
    path: str
    """The rollout, relative to the run's folder."""
    falls: int
    """Episodes in it that ended otherwise than by time-out."""
    seconds: float
    """Wall time of the process, in seconds."""


class RolloutFailed(msgspec.Struct, frozen=True, tag=True):
    """A rollout beside the training failed or was skipped; a reason is reported once, and training continues."""

    iteration: Iteration
    """Iteration of the policy."""
    reason: str
    """One line."""


class ExportStarted(msgspec.Struct, frozen=True, tag=True):
    """The policy's weights were copied for an export."""

    iteration: Iteration
    """Iteration of the weights."""
    stall_ms: float
    """Time for which training was blocked, in milliseconds."""


class ExportFinished(msgspec.Struct, frozen=True, tag=True):
    """A policy was exported and checked."""

    iteration: Iteration
    """Iteration of the checkpoint; -1 if neither its content nor its name has one."""
    folder: str
    """Folder of the files, relative to the run's folder if it lies inside."""
    largest_difference: float
    """Largest difference of an action between the exported files and the policy, in the policy's unit."""
    latency_p50_us: float
    """Median time of one call with one observation on one CPU thread, in microseconds."""
    latency_p99_us: float
    """99th percentile of the same, in microseconds."""
    rate_hz: float
    """Control rate in Hz that the policy sustains: 1e6 / `latency_p99_us`."""
    not_included: tuple[str, ...] = ()
    """What stands between robot and policy and is not in the exported files, with the reason; one line each."""
    not_measured: tuple[str, ...] = ()
    """Observation terms that the robot can't measure, `name: reason`; empty without a robot in the preset."""
    not_written: tuple[str, ...] = ()
    """Why a format that every export gets is missing; one line for each format."""


class ExportFailed(msgspec.Struct, frozen=True, tag=True):
    """No policy was exported."""

    iteration: Iteration
    """Iteration of the weights; -1 if unknown."""
    reason: str
    """One line."""


ProductBody = (
    CheckpointSaved
    | CheckpointLoaded
    | PolicyReloaded
    | CheckpointFailed
    | CheckpointsDeleted
    | WriteDelayed
    | TrackerLinked
    | EvaluationStarted
    | EvaluationFinished
    | EvaluationFailed
    | RolloutRecorded
    | RolloutFailed
    | ExportStarted
    | ExportFinished
    | ExportFailed
)
"""Bodies about files."""
