"""What a trainer reports to its dashboards: frames, numbered from 0, kept in the journal and published as they are."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from trainer_proc.contract.knob import Knob, RampShape, Value, When
from trainer_proc.contract.limits import Count, Iteration, UnixTime
from trainer_proc.contract.monitoring import MonitoringBody
from trainer_proc.contract.products import ProductBody
from trainer_proc.contract.stand_ins import Damaged, StoredIterations, UnknownBody

PROTOCOL = 1
"""Major version of the frames. Bump when older dashboards can no longer read this version's journals.

New kinds of frames need no bump: older readers skip and report them. Neither do new fields with defaults: older
readers ignore them.
"""

WELCOME = b"welcome"
"""First message to a subscriber: from then on it misses no frame."""

PhaseName = Literal["building", "compiling", "training", "running", "paused", "stopping", "finished", "failed"]
"""`running` is a policy on a robot, which does not train."""
TERMINAL_PHASES: frozenset[str] = frozenset({"finished", "failed"})
Origin = Literal["person", "launch", "checkpoint", "curriculum", "guard", "schedule"]
"""Who requested a change. `person` is the user; the word is kept because journals hold it."""
SET_AT_LAUNCH = "set at launch"
"""Note of a launch that has no other reason."""
GOAL_REACHED = "goal reached"
"""First words of the detail of a training that finished because it reached its goal."""


class Change(msgspec.Struct, frozen=True):
    """One knob's value before and after an intervention."""

    knob: str
    old: Value
    new: Value


class Ramp(msgspec.Struct, frozen=True):
    """Spreads an intervention over several iterations."""

    iterations: Count
    """Number of steps, one per iteration, at least 1."""
    shape: RampShape = "linear"
    """Interpolation between the ends; `geometric` needs positive ends."""
    targets: dict[str, Value] = {}
    """Final values by knob, filled in once the ramp has begun. A request that names some ramps only these knobs."""


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """First frame of every trainer process in a journal; sent again if the number of iterations changes."""

    run: str
    """Name of the run's folder."""
    preset: str
    """Name of the preset, or of the script that called `steer`."""
    backend: str
    """Simulator: `mjlab`, `isaaclab`, or the package of the user's own environment."""
    task: str
    """The simulator's name of the task."""
    device: str
    """`cpu` or `cuda:N`."""
    num_envs: Count
    """Environments per process, at least 1."""
    iterations: Count
    """Number of iterations to train, at least 1."""
    seed: int
    """Seed of the random number generators."""
    pid: int
    """Process id of the trainer, on its host."""
    protocol: int = PROTOCOL
    """Version of these messages."""
    parent: str = ""
    """Name of the run whose checkpoint this one continues from; empty for none."""
    success: dict[str, Any] = {}
    """Definition of success, a table as in a preset."""
    curricula: dict[str, dict[str, Any]] = {}
    """Curricula by name, tables as in a preset."""
    goal: dict[str, Any] = {}
    """What ends the training early, a table as in a preset; empty for nothing."""


class PhaseChanged(msgspec.Struct, frozen=True, tag=True):
    """The trainer has entered another phase."""

    phase: PhaseName
    detail: str = ""
    """One line: what is being built, why it paused or failed."""
    kernel_modules: Count = 0
    """Number of the simulator's kernel modules loaded so far."""
    is_resumable: bool = True
    """Whether a paused training can continue as it is; not with a policy that is not finite."""
    good_checkpoint: str = ""
    """Checkpoint that a training paused by a guard can reload, relative to the run's folder; empty for none."""
    refused: bool = False
    """Whether the launch was refused, phase `failed`, before anything was built."""


class KnobsAvailable(msgspec.Struct, frozen=True, tag=True):
    """The environment is built and its knobs are known."""

    revision: Count
    """Revision of the steering state, see `InterventionApplied.revision`."""
    knobs: tuple[Knob, ...]
    """All knobs in display order."""


class MetricSet(msgspec.Struct, frozen=True, tag=True):
    """Metric names that later `IterationFinished` frames refer to; which metrics exist differs by iteration."""

    id: int
    """Number of this set within the process."""
    names: tuple[str, ...]
    """Metric names in the order of the values."""


class IterationFinished(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The metrics of one PPO iteration."""

    iteration: Iteration
    """Iteration number, from 0; a resumed run counts on."""
    metric_set: int
    """`id` of the `MetricSet` that names the values."""
    values: bytes
    """Little-endian float32, one per name."""
    environment_steps: Count
    """Steps of all environments together since the process started."""
    seconds_left: float
    """Estimate in seconds from the recent pace."""


class InterventionQueued(msgspec.Struct, frozen=True, tag=True):
    """A validated change, queued for the next iteration boundary."""

    number: Count
    """Number within the run, from 1; 0 until it is numbered."""
    origin: Origin
    """Who requested it."""
    changes: tuple[Change, ...]
    """Target values, reached at once or by `ramp`."""
    note: str = ""
    """The user's note, one line; or the reason of a curriculum or guard."""
    revision: Count = 0
    """Revision after this request."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    ramp: Ramp | None = None
    """Ramp to the targets; None changes at once."""
    unpin: tuple[str, ...] = ()
    """Knobs to release to their competing writers."""
    stop_ramps: tuple[str, ...] = ()
    """Knobs that leave their ramps and keep the present value."""
    undoes: Count | None = None
    """Number of the intervention that this one undoes."""
    redoes: Count | None = None
    """Number of the intervention that this one redoes."""
    agent: str = ""
    """Name of the agent that requested it, with origin `person`; empty for none.

    No origin of its own: an older dashboard could not read the frame.
    """


class InterventionApplied(msgspec.Struct, frozen=True, tag=True):
    """A change is in force. `new` values are read back from the object that the simulator uses."""

    number: Count
    """Number within the run, from 1; 0 until it is numbered."""
    origin: Origin
    """Who requested it."""
    iteration: Iteration
    """First iteration whose rollout is collected under the new values."""
    revision: Count
    """Counts all changes; a request that refers to an older revision of a knob is refused."""
    changes: tuple[Change, ...]
    """Values before and after; with a `ramp`, after its first step. A change ends the earlier ramps of its knobs."""
    note: str = ""
    """As in `InterventionQueued`."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    ramp: Ramp | None = None
    """The ramp that begins, with its targets."""
    pinned: tuple[str, ...] = ()
    """Knobs that are held against a competing writer from now on."""
    unpinned: tuple[str, ...] = ()
    """Knobs that were pinned and are released to their competing writers."""
    stopped_ramps: tuple[str, ...] = ()
    """Knobs without a change whose ramps end."""
    undoes: Count | None = None
    """Number of the intervention that this one undoes."""
    redoes: Count | None = None
    """Number of the intervention that this one redoes."""
    stall_ms: float = 0.0
    """Time for which training was blocked, in milliseconds."""
    released: tuple[str, ...] = ()
    """Knobs that are no longer held but were not pinned: no competing writer is known, or it had been released."""
    agent: str = ""
    """As in `InterventionQueued`."""


class InterventionFailed(msgspec.Struct, frozen=True, tag=True):
    """The simulator could not apply a change; nothing has changed."""

    number: Count
    """Number of the intervention; 0 for the trainer's own."""
    iteration: Iteration
    """Iteration that it would have been in force from."""
    reason: str
    """One line."""


class RampAdvanced(msgspec.Struct, frozen=True, tag=True):
    """Ramps have advanced by one step, or competing writers have changed knobs."""

    iteration: Iteration
    """First iteration under the new values."""
    revision: Count
    """As in `InterventionApplied`."""
    changes: tuple[Change, ...]
    """Values before and after."""
    iterations_left: dict[str, Count]
    """Remaining steps by ramping knob; at 0 the ramp has ended."""


TrainerBody = (
    RunStarted
    | PhaseChanged
    | KnobsAvailable
    | MetricSet
    | IterationFinished
    | InterventionApplied
    | InterventionFailed
    | RampAdvanced
    | MonitoringBody
    | ProductBody
)
"""Bodies that the training process emits."""


Body = TrainerBody | InterventionQueued | UnknownBody | Damaged | StoredIterations


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A numbered body."""

    number: Count
    """Number within the journal, from 0 without gaps."""
    time: UnixTime
    """Unix time in seconds."""
    body: Body
