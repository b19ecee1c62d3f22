"""Bodies of requests and responses; the OpenAPI document is made of these structs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from curricula.values import Value
from trainer_proc.contract.evaluation import SuiteName
from trainer_proc.contract.requests import LONGEST_NAME, LONGEST_NOTE

POLICY_TYPES = ("PPO",)
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Reason = Annotated[
    str, Meta(min_length=1, max_length=LONGEST_NOTE, description="Why; kept with the change, in one line")
]
Checkpoint = Annotated[str, Meta(pattern=r"^(latest|best|[0-9]{1,18})$", description="latest, best or an iteration")]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Whole = Annotated[int, Meta(ge=0, le=2**53)]


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not carried out; nothing has changed."""

    error: str
    """One line: expected, got, what to do."""
    expected: tuple[str, ...] = ()
    """All accepted values, where there is a list of them."""


class Launch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A training to start."""

    task: Annotated[Name, Meta(description="A preset, or a task, also as humanoid_walk; see GET /tasks")]
    policy_type: Annotated[str, Meta(max_length=LONGEST_NAME, description="PPO, which is the only one")] = "PPO"
    num_iterations: Annotated[Count | None, Meta(description="PPO iterations; default: the preset's")] = None
    num_envs: Annotated[Count | None, Meta(description="Environments; default: the preset's")] = None
    device: Annotated[str | None, Meta(description="cpu or cuda:N; default: the first GPU, else the CPU")] = None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 42
    name: Annotated[str, Meta(max_length=80, description="Appended to the name of the run's folder")] = ""
    set: Annotated[dict[str, Value], Meta(description="Knob values from the first iteration on")] = {}


class Job(msgspec.Struct, frozen=True):
    """A training, running or ended."""

    job_id: str
    status: str
    """As in `humanoid-tui runs`; `refused` if the trainer did not accept the launch."""
    estimated_completion_hours: float | None
    """From the recent iteration time; null until known, and after the end."""
    log_link: str
    run: str = ""
    """Name for the commands, such as `humanoid-tui attach`."""
    preset: str = ""
    task: str = ""
    policy_type: str = "PPO"
    device: str = ""
    iteration: int | None = None
    """Finished iterations."""
    num_iterations: int | None = None
    reward: float | None = None
    """Newest mean reward of an episode."""
    success: float | None = None
    """Newest success rate, 0 to 1."""
    seconds: float = 0.0
    """Time from the first to the newest record."""
    tracker_link: str = ""
    """Page of the run at W&B, Neptune or MLflow, if it logs there."""
    reason: str = ""
    """Why it failed, was refused or can't be read."""


class Jobs(msgspec.Struct, frozen=True):
    """A page of the list of jobs, newest first."""

    total: int
    offset: int
    jobs: tuple[Job, ...]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list."""

    offset: Annotated[int, Meta(ge=0, le=10**9)] = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Tasks(msgspec.Struct, frozen=True):
    """Names that `task` accepts."""

    tasks: tuple[str, ...]
    policy_types: tuple[str, ...] = POLICY_TYPES


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to read a log; a `Range` header selects bytes of what there is now."""

    follow: Annotated[bool, Meta(description="Stay, and send what is added until the run has ended")] = False
    start: Annotated[int, Meta(ge=0, le=2**53, description="First byte, with follow")] = 0


class MetricQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which points of metrics."""

    name: Annotated[tuple[Name, ...], Meta(max_length=100, description="Metric; repeatable. None: newest values")] = ()
    since: Annotated[int, Meta(ge=0, le=2**53, description="First iteration")] = 0
    limit: Annotated[int, Meta(ge=1, le=10_000, description="Most points of a metric; the newest are kept")] = 1000


class StreamQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a stream begins."""

    since: Annotated[Whole | None, Meta(description="First iteration; default: the newest")] = None


class Points(msgspec.Struct, frozen=True):
    """Points of one metric, oldest first; both lists have the same length."""

    iterations: list[int]
    values: list[float | None]


class Metrics(msgspec.Struct, frozen=True):
    """Values of metrics; null for what is not finite."""

    iteration: int | None
    """Number of the newest iteration, from 0; null before the first."""
    latest: dict[str, float | None]
    """Newest values of the metrics."""
    points: dict[str, Points] = {}
    """Of the metrics that were named."""


class Event(msgspec.Struct, frozen=True):
    """One server-sent event."""

    event: Literal["iteration", "end"]
    data: str
    """JSON: `iteration`, `seconds_left` and `values` by metric; at the end, the `status` of the run."""
    id: str = ""
    """Number of the iteration."""


class Knobs(msgspec.Struct, frozen=True):
    """Values that can be changed while the training runs."""

    revision: int
    """Give it with a change, which is refused if a knob has changed since."""
    knobs: list[dict[str, Any]]
    """As `humanoid-tui knobs RUN --json`."""


class ChangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change knobs, all of them or none."""

    values: Annotated[dict[str, Value], Meta(min_length=1, max_length=2000)]
    reason: Reason
    ramp_iterations: Annotated[Count | None, Meta(description="Spread the change over this many iterations")] = None
    revision: Annotated[Whole | None, Meta(description="Refuse if a knob has changed since this revision")] = None


class UndoRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Undo a change."""

    reason: Reason


class ChangeQueued(msgspec.Struct, frozen=True):
    """A change that the trainer has accepted."""

    change: int
    """Number of the change within the run."""
    state: Literal["queued"] = "queued"
    message: str = ""
    """What the change costs, such as a pause; usually empty."""


class Changes(msgspec.Struct, frozen=True):
    """Changes of a run, newest first; as `humanoid-tui history RUN --json`."""

    revision: int
    changes: list[dict[str, Any]]
    guards: list[dict[str, Any]]
    """What guards have reported."""


class EvaluationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Evaluate a checkpoint without exploration noise."""

    checkpoint: Checkpoint = "latest"
    suite: SuiteName = "quick"
    episodes: Count | None = None
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    device: str | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """An evaluation that was asked for here."""

    evaluation: int
    """Number within this server."""
    state: str
    """queued, running, done, failed or cancelled."""
    checkpoint: str
    suite: str
    done: int = 0
    total: int = 0
    """Environment steps done and in all; 0 while unknown."""
    reason: str = ""
    """Why it failed."""
    result: dict[str, Any] | None = None
    """As `humanoid-tui evaluate --json`, once it is done."""


class Evaluations(msgspec.Struct, frozen=True):
    """Evaluations of a run that were asked for here, oldest first."""

    evaluations: tuple[Evaluation, ...]


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Export the live policy, or that of a checkpoint."""

    checkpoint: Annotated[
        Checkpoint | None, Meta(description="Default: the live policy, or the newest checkpoint of an ended run")
    ] = None


class Export(msgspec.Struct, frozen=True):
    """The newest export that was asked for here."""

    state: Literal["none", "running", "done", "failed"]
    reason: str = ""
    """Why it failed."""
    result: dict[str, Any] | None = None
    """As `humanoid-tui export --json`, once it is done."""
