"""What has become of an experiment's members, read from the folders of their runs.

There is no other record: a queue process that dies, or a reboot, leaves nothing that could be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.engines.job import EngineError
from tui.session.engines.jobs import JOBS
from tui.session.experiments.experiment import Experiment, ExperimentFolder, Member
from tui.session.experiments.launchers.base import Launcher
from tui.session.experiments.lineage import Ancestor, lineages_of
from tui.session.experiments.round_bounds import RoundBounds, round_bounds
from tui.session.runs.checkpoints import first_iteration
from tui.session.runs.names import own_name
from tui.session.runs.run_index import read_state, status_with_job
from tui.session.state import RunState, RunStatus

MemberStatus = Literal["waiting", "submitted", "running", "finished", "stopped", "failed", "cancelled"]
"""`waiting`: in this program's queue; `submitted`: in that of an engine."""
ENDED: tuple[MemberStatus, ...] = ("finished", "stopped", "failed", "cancelled")
_FAILURES: tuple[RunStatus, ...] = ("failed", "killed", "starting")
"""Ways to end for which a member is retried; a run that ended while it was `starting` never wrote a frame."""
_NO_SPEC = "its run.toml can't be read"
_NO_FRAME = "the trainer ended before it could report; see console.log"


@dataclass(frozen=True)
class Attempt:
    """A run of a member."""

    folder: RunFolder
    device: str
    is_active: bool
    status: RunStatus = "training"
    """How it has ended; meaningless while it is active."""
    reason: str = ""
    """Why it has failed."""
    is_refused: bool = False
    """Whether its trainer refused the launch, as it would again."""
    is_submitted: bool = False
    """Whether its job waits in the engine, which is its `device`."""
    first: int = 0
    """Its first iteration."""
    end: int | None = None
    """Iteration after its last one; None without any, while it is active, and if it has reached its goal."""


@dataclass(frozen=True)
class MemberState:
    """A member, its runs, the oldest first, and what follows from them."""

    member: Member
    attempts: tuple[Attempt, ...]
    status: MemberStatus
    reason: str = ""
    """Why the last attempt failed, or why the member can't start."""
    lineage: tuple[Ancestor, ...] = ()
    """In a population, whose training it continues; else empty."""

    @property
    def run(self) -> RunFolder | None:
        """Its newest run."""
        return self.attempts[-1].folder if self.attempts else None

    @property
    def is_active(self) -> bool:
        """Whether one of its runs waits in an engine, or trains."""
        return self.status in ("submitted", "running")

    @property
    def values(self) -> dict[str, Any]:
        """Its values by the path of an axis; in a population, those after the last perturbation."""
        return self.lineage[-1].values if self.lineage else self.member.values

    @property
    def devices(self) -> list[str]:
        """Devices, or engines, of its active runs."""
        return [attempt.device for attempt in self.attempts if attempt.is_active]


def status_of(attempts: Sequence[Attempt], retries: int, *, is_cancelled: bool) -> MemberStatus:
    """Return a member's status. Runs that were lost with their machine are started again, and are no failures."""
    if active := [attempt for attempt in attempts if attempt.is_active]:
        return "submitted" if all(attempt.is_submitted for attempt in active) else "running"
    last = attempts[-1] if attempts else None
    if last is not None and last.status == "finished":
        return "finished"
    if last is not None and last.status == "stopped":
        return "stopped"
    if is_cancelled:
        return "cancelled"
    failures = sum(attempt.status in _FAILURES for attempt in attempts)
    if last is not None and last.status in _FAILURES and (last.is_refused or failures > retries):
        return "failed"
    return "waiting"


def status_in_round(
    attempts: Sequence[Attempt], of: RoundBounds, retries: int, *, is_copied: bool, is_cancelled: bool
) -> MemberStatus:
    """Return the status of a member of a population: at the end of each round but the last, it waits.

    Failures count within a round. A member that failed in an earlier one waits only if a copy replaces it.
    """
    last = attempts[-1] if attempts else None
    if last is None or any(attempt.is_active for attempt in attempts) or last.status == "stopped":
        return status_of(attempts, retries, is_cancelled=is_cancelled)
    if last.status == "finished" and last.end in (of.last, None):
        return "finished"  # also one that has reached its goal
    if is_cancelled:
        return "cancelled"
    if last.status == "finished":
        return "waiting"
    if last.first < of.start:
        return "waiting" if is_copied else "failed"
    return status_of([one for one in attempts if one.first >= of.start], retries, is_cancelled=False)


class Attempts:
    """Reads the members of experiments; an ended run is read once."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._specs: dict[Path, RunSpec] = {}
        self._ended: dict[Path, Attempt] = {}

    def read(self, folder: ExperimentFolder, experiment: Experiment) -> list[MemberState]:
        """Return the state of all members, in order. Raises `ExperimentError` or `OSError`."""
        by_member: dict[str, list[RunFolder]] = {}
        for run in folder.runs():
            spec = self._spec(run)  # one that can't be read must not be started again as if it were not there
            by_member.setdefault(own_name(run.name) if spec is None else spec.name, []).append(run)
        runs = [run for member in experiment.members for run in by_member.get(member.name, [])]
        attempts = self._attempts(runs)
        lineages = lineages_of(experiment, first_iteration(experiment.spec))
        states = []
        for member in experiment.members:
            own = tuple(attempts[run.path] for run in by_member.get(member.name, []))
            states.append(_state(experiment, member, own, lineages.get(member.name, ())))
        return states

    def _attempts(self, runs: Iterable[RunFolder]) -> dict[Path, Attempt]:
        unknown = [run for run in runs if run.path not in self._ended]
        active = self._launcher.active(unknown) if unknown else set()
        found = dict(self._ended)
        for run in unknown:
            spec = self._spec(run)
            if run.path in active:
                found[run.path] = _active(run, spec)
            elif spec is None:
                found[run.path] = Attempt(run, "", is_active=False, status="failed", reason=_NO_SPEC)
            else:
                found[run.path] = ended = _ended(run, spec)
                if ended.status != "starting":  # one without a frame may yet begin
                    self._ended[run.path] = ended
        return found

    def _spec(self, run: RunFolder) -> RunSpec | None:
        """Return the run's spec; None if it can't be read."""
        if run.path not in self._specs:
            try:
                self._specs[run.path] = run.read_spec()
            except RunFolderError:
                return None
        return self._specs[run.path]


def _state(
    experiment: Experiment, member: Member, attempts: tuple[Attempt, ...], lineage: tuple[Ancestor, ...]
) -> MemberState:
    reason = attempts[-1].reason if attempts else ""
    status = _status(experiment, member, attempts)
    if status == "waiting" and (refused := experiment.refused.get(member.name)):
        return MemberState(member, attempts, "failed", refused, lineage)
    return MemberState(member, attempts, status, reason, lineage)


def _status(experiment: Experiment, member: Member, attempts: Sequence[Attempt]) -> MemberStatus:
    is_cancelled = member.name in experiment.cancelled
    population = experiment.population
    if population is None:
        return status_of(attempts, experiment.retries, is_cancelled=is_cancelled)
    copy = population.rounds[-1].copy_of(member.name) if population.rounds else None
    return status_in_round(
        attempts,
        round_bounds(experiment),
        experiment.retries,
        is_copied=copy is not None and copy.answer != "vetoed",
        is_cancelled=is_cancelled,
    )


def _active(run: RunFolder, spec: RunSpec | None) -> Attempt:
    device = "" if spec is None else spec.engine.get("name") or spec.device
    try:
        job = JOBS.state(run)
    except EngineError:
        job = None
    is_on_nodes = spec is not None and spec.engine.get("nodes", 1) > 1  # its job may wait for places itself
    is_submitted = job is not None and (job.status == "waiting" or (is_on_nodes and not run.journal.exists()))
    reason = JOBS.text(run) if is_submitted else ""
    first = 0 if spec is None else first_iteration(spec)
    return Attempt(run, device, is_active=True, is_submitted=is_submitted, reason=reason, first=first)


def _ended(run: RunFolder, spec: RunSpec) -> Attempt:
    state = RunState()
    try:
        if run.journal.exists():
            state = read_state(run)
    except (UserError, OSError) as error:
        first = first_iteration(spec)
        return Attempt(run, spec.device, is_active=False, status="failed", reason=str(error), first=first)
    state.take_trainer(read_trainer(run))
    status, phase = status_with_job(run, state, is_alive=False), state.phase
    reason = phase.detail if phase is not None and status == "failed" else ""
    if status in _GONE:
        reason = JOBS.text(run) or f"the trainer was {status}"
    reason = _NO_FRAME if status == "starting" else reason
    newest = None if state.has_reached_goal else state.iteration  # one with its goal has no further round
    return Attempt(
        run,
        spec.device,
        is_active=False,
        status=status,
        reason=reason,
        is_refused=phase is not None and phase.refused,
        first=first_iteration(spec),
        end=None if newest is None else newest + 1,
    )


_GONE: tuple[RunStatus, ...] = ("killed", "lost")
