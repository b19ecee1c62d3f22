"""What a trainer says to its dashboards: frames, numbered from 0, kept in the journal and published as they are."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from trainer_proc.contract.knob import Knob, RampShape, Value, When

PROTOCOL = 1
"""Raised when a dashboard of the last version could no longer read a journal of this one."""

WELCOME = b"welcome"
"""What a subscriber receives first: from then on it misses no frame."""

PhaseName = Literal["building", "compiling", "training", "paused", "stopping", "finished", "failed"]
TERMINAL_PHASES: frozenset[str] = frozenset({"finished", "failed"})
Origin = Literal["person", "launch", "checkpoint", "curriculum", "guard", "schedule"]
GuardAction = Literal["warned", "paused", "undone"]


class Change(msgspec.Struct, frozen=True):
    """One knob's value before and after an intervention."""

    knob: str
    old: Value
    new: Value


class Ramp(msgspec.Struct, frozen=True):
    """Spreads an intervention over `iterations` (at least 1) boundaries; a geometric one needs positive ends.

    `targets` are the values at the end, by knob; they are filled in once the ramp has begun. An intervention that
    names some is a ramp of these only.
    """

    iterations: int
    shape: RampShape = "linear"
    targets: dict[str, Value] = {}


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """First frame of every trainer process in a run's journal; said again if it learns of other `iterations`.

    `parent` names the run whose checkpoint it began from. `success` and `curricula` (by name) are tables as in a
    preset.
    """

    run: str
    preset: str
    backend: str
    task: str
    device: str
    num_envs: int
    iterations: int
    seed: int
    pid: int
    protocol: int = PROTOCOL
    parent: str = ""
    success: dict[str, Any] = {}
    curricula: dict[str, dict[str, Any]] = {}


class PhaseChanged(msgspec.Struct, frozen=True, tag=True):
    """Where the trainer is. `kernel_modules` counts the simulator's kernel modules loaded so far."""

    phase: PhaseName
    detail: str = ""
    kernel_modules: int = 0


class KnobsAvailable(msgspec.Struct, frozen=True, tag=True):
    """All knobs of the built environment, in the order in which they are shown."""

    revision: int
    knobs: tuple[Knob, ...]


class MetricSet(msgspec.Struct, frozen=True, tag=True):
    """Names that later `IterationFinished` frames refer to by `id`; which metrics exist differs by iteration."""

    id: int
    names: tuple[str, ...]


class IterationFinished(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One PPO iteration. `values` are little-endian float32, one for each name of the metric set.

    `environment_steps` counts steps of all environments since the process started; `seconds_left` is an
    estimate from the recent pace.
    """

    iteration: int
    metric_set: int
    values: bytes
    environment_steps: int
    seconds_left: float


class InterventionQueued(msgspec.Struct, frozen=True, tag=True):
    """A validated change that waits for the next iteration boundary.

    `changes` hold the values to be reached, at once or by `ramp`. `unpin` names knobs to be given back to what else
    writes them, `stop_ramps` knobs that stay where they are. `undoes` and `redoes` number another intervention.
    """

    number: int
    origin: Origin
    changes: tuple[Change, ...]
    note: str = ""
    revision: int = 0
    when: When = "on reset"
    ramp: Ramp | None = None
    unpin: tuple[str, ...] = ()
    stop_ramps: tuple[str, ...] = ()
    undoes: int | None = None
    redoes: int | None = None


class InterventionApplied(msgspec.Struct, frozen=True, tag=True):
    """The change is in force: `new` values are read back from the object that the simulator uses.

    `iteration` is the first whose rollout is collected under the new values. With a `ramp`, they are those of its
    first step. A change ends the ramps of its knobs; `stopped_ramps` names the others that end. `pinned` are knobs
    that something else writes too and that stay as they are now; `unpinned` those that were given back, `released`
    others that are held no longer: nothing that is known writes them, or they were given back before. Training stood
    still for `stall_ms`.
    """

    number: int
    origin: Origin
    iteration: int
    revision: int
    changes: tuple[Change, ...]
    note: str = ""
    when: When = "on reset"
    ramp: Ramp | None = None
    pinned: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    stopped_ramps: tuple[str, ...] = ()
    undoes: int | None = None
    redoes: int | None = None
    stall_ms: float = 0.0
    released: tuple[str, ...] = ()


class InterventionFailed(msgspec.Struct, frozen=True, tag=True):
    """The simulator could not take the change; everything is as it was before. `reason` is one line."""

    number: int
    iteration: int
    reason: str


class RampAdvanced(msgspec.Struct, frozen=True, tag=True):
    """Ramps have moved on by one step, or something else has written knobs: `changes` are in force from `iteration` on.

    `iterations_left` counts the steps to come, by knob; at 0 the ramp has ended.
    """

    iteration: int
    revision: int
    changes: tuple[Change, ...]
    iterations_left: dict[str, int]


class CompetingWriterFound(msgspec.Struct, frozen=True, tag="OverwriterFound"):
    """Something else of the training writes a knob too; if it was edited before, it is now `pinned`."""

    knob: str
    competing_writer: str = msgspec.field(name="overwriter")
    pinned: bool


class GuardFired(msgspec.Struct, frozen=True, tag=True):
    """A guard has seen something wrong after `iteration`; `message` is one line, `action` what was done about it."""

    guard: str
    iteration: int
    message: str
    action: GuardAction


class CheckpointSaved(msgspec.Struct, frozen=True, tag=True):
    """A whole checkpoint file, its path relative to the run's folder."""

    iteration: int
    path: str


class CheckpointLoaded(msgspec.Struct, frozen=True, tag=True):
    """The training continues from the checkpoint at `path`, with `first_iteration`."""

    first_iteration: int
    path: str


class CheckpointFailed(msgspec.Struct, frozen=True, tag=True):
    """No checkpoint was written; `reason` is one line. The training goes on."""

    iteration: int
    reason: str


class ExportStarted(msgspec.Struct, frozen=True, tag=True):
    """The weights of `iteration` were copied; training stood still for `stall_ms`."""

    iteration: int
    stall_ms: float


class ExportFinished(msgspec.Struct, frozen=True, tag=True):
    """A checked policy lies in `folder`, relative to the run's where it lies inside.

    `iteration` is -1 where neither the checkpoint nor its name tells. Latency is for one thread and one observation,
    and `rate_hz` is 1e6 / `latency_p99_us`.
    """

    iteration: int
    folder: str
    largest_difference: float
    latency_p50_us: float
    latency_p99_us: float
    rate_hz: float


class ExportFailed(msgspec.Struct, frozen=True, tag=True):
    """No file was written; `reason` is one line."""

    iteration: int
    reason: str


TrainerBody = (
    RunStarted
    | PhaseChanged
    | KnobsAvailable
    | MetricSet
    | IterationFinished
    | InterventionApplied
    | InterventionFailed
    | RampAdvanced
    | CompetingWriterFound
    | GuardFired
    | CheckpointSaved
    | CheckpointLoaded
    | CheckpointFailed
    | ExportStarted
    | ExportFinished
    | ExportFailed
)
"""What the training process says."""

Body = TrainerBody | InterventionQueued


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A numbered body; `time` is Unix time in seconds."""

    number: int
    time: float
    body: Body
