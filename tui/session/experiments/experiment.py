"""The content of `experiment.toml`: trainings of one preset that belong together, and how they are started."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.regular_files import open_file
from curricula.toml_file import TomlFileError, read_toml_as
from presets.override_path import ROOTS
from trainer_proc.contract.file_lock import lock
from trainer_proc.contract.knob import Value
from trainer_proc.contract.run_folder import RunFolder, RunSpec, write_atomically
from tui.session.experiments.population import Population

EXPERIMENT_FILE = "experiment.toml"
MOST_MEMBERS = 1000
"""Members of an experiment, and those that wait in a queue."""
_LARGEST = 16 * 1024 * 1024
"""Bytes of the file."""
_MEMBER_NAME = re.compile(r"m\d{2,4}(_[\w.+-]+)?")

Sampler = Literal["tpe", "random"]


class ExperimentError(UserError):
    """The experiment can't be read, created or changed; the message is one line."""


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A quantity that members differ in: one of `values`, or a number of an interval."""

    path: str
    """Name of a knob, or path of a value in the configuration (`agent.algorithm.gamma`)."""
    values: tuple[Any, ...] = ()
    """At least one, unless `scale` says that there is an interval."""
    low: float = 0.0
    high: float = 0.0
    """Ends of the interval, inclusive."""
    scale: Literal["", "linear", "log"] = ""
    """How the interval is sampled; empty for `values`."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One training of the experiment, started again under the same name if it fails."""

    name: str
    """Unique in the experiment, `m01` and what distinguishes it; the user's name of its runs."""
    seed: int
    values: dict[str, Any] = {}
    """Value by the path of an axis."""


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Members are made while the experiment runs: Optuna's sampler chooses values by the results so far."""

    trials: Annotated[int, msgspec.Meta(ge=1, le=MOST_MEMBERS)]
    """Number of combinations of values, each trained with all seeds."""
    sampler: Sampler = "tpe"


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The content of `experiment.toml`."""

    version: Literal[1] = 1
    name: str
    """Name of its folder, and the `experiment` of its runs."""
    spec: RunSpec
    """What all members have in common."""
    devices: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Devices that a member may train on, each `cpu` or `cuda:N`."""
    seeds: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=MOST_MEMBERS)]
    axes: tuple[Axis, ...] = ()
    members: Annotated[tuple[Member, ...], msgspec.Meta(max_length=MOST_MEMBERS)] = ()
    search: Search | None = None
    population: Population | None = None
    objective: str = ""
    """Metric that ranks the members; empty for the usual one (`ranking`)."""
    minimize: bool = False
    """Whether a lower value of the objective is better."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """How often a failed member is started again."""
    working_folder: str = ""
    """Working folder of its trainings."""
    paused: bool = False
    """Whether no further member starts."""
    cancelled: tuple[str, ...] = ()
    """Members that never start again, by name."""
    refused: dict[str, str] = {}
    """Why members could not be started, by name."""

    @property
    def engine(self) -> str:
        """Engine that trains the members; empty for this machine."""
        return str(self.spec.engine.get("name", ""))

    @property
    def is_complete(self) -> bool:
        """Whether all members are known."""
        return self.search is None or len(self.members) >= self.search.trials * len(self.seeds)


class ExperimentFolder:
    """An experiment's folder: `experiment.toml`, and the runs of its members."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @property
    def file(self) -> Path:
        """`experiment.toml`."""
        return self.path / EXPERIMENT_FILE

    @property
    def queue_lock(self) -> Path:
        """File that the queue process which runs the experiment holds locked."""
        return self.path / "queue.lock"

    @property
    def edit_lock(self) -> Path:
        """File that every writer of `experiment.toml` holds locked."""
        return self.path / "edit.lock"

    @property
    def log_root(self) -> Path:
        """Folder of all runs."""
        return self.path.parent

    def read(self) -> Experiment:
        """Return the content of `experiment.toml`. Raises `ExperimentError`."""
        try:
            experiment = read_toml_as(self.file, Experiment, _LARGEST)
        except FileNotFoundError:
            raise ExperimentError(f"{self.path} is no experiment: it has no {EXPERIMENT_FILE}") from None
        except TomlFileError as error:
            raise ExperimentError(str(error)) from error
        names = [member.name for member in experiment.members]
        wrong = next((name for name in names if not _MEMBER_NAME.fullmatch(name)), None)
        if wrong is not None or len(set(names)) < len(names):
            raise ExperimentError(f"{self.file} can't be read: expected members with names of their own, got {wrong}")
        if problem := values_problem(experiment):
            raise ExperimentError(f"{self.file} can't be read: {problem}")
        return msgspec.structs.replace(experiment, name=self.path.name)  # the folder may have been renamed

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Hold the lock for changes of the file, also against other hosts; read the file behind it.

        Waits for the lock. Raises `ExperimentError` for a file that others can write, or `OSError`.
        """
        self.check_owner()
        file = os.open(self.edit_lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            lock(file)
            yield
        finally:
            os.close(file)

    def write(self, experiment: Experiment) -> None:
        """Write `experiment.toml` atomically, with `editing` held unless it is new. Raises `OSError`."""
        write_atomically(self.file, tomli_w.dumps(msgspec.to_builtins(experiment)).encode())

    def check_owner(self) -> None:
        """Raise `ExperimentError` unless only this user can write the file: a queue starts what it says."""
        try:
            with open_file(self.file) as file:
                status = os.fstat(file.fileno())
        except OSError as error:
            raise ExperimentError(f"{self.file} can't be read: {error}") from error
        if status.st_uid != os.getuid() or status.st_mode & 0o022:
            raise ExperimentError(f"{self.file}: expected a file that only you can write", hint="copy it, or use chmod")

    def runs(self) -> list[RunFolder]:
        """Return the runs in the folder, the oldest first, also those that have lost their `run.toml`.

        Raises `ExperimentError`: runs that can't be listed must not be started again.
        """
        try:
            folders = [RunFolder(path) for path in sorted(self.path.iterdir())]
        except OSError as error:
            raise ExperimentError(f"the runs can't be listed: {error}") from error
        return [one for one in folders if os.path.lexists(one.spec_file) or os.path.lexists(one.lock)]


def values_problem(experiment: Experiment) -> str:
    """Return why the members' values are none that this program writes, empty if they are."""
    for member in experiment.members:
        for path, value in member.values.items():
            try:
                if not is_override(path):
                    msgspec.convert(value, Value)
            except msgspec.ValidationError:
                return f"{member.name}: expected a number, a text, true, false or a range for {path}, got {value!r}"
    for axis in experiment.axes if experiment.search is not None or experiment.population is not None else ():
        is_interval = math.isfinite(axis.high - axis.low) and axis.low < axis.high
        if not (is_interval and (axis.scale == "linear" or axis.low > 0) if axis.scale else axis.values):
            return f"{axis.path}: expected values or an interval"
        for member in experiment.members:
            if not _is_on(axis, member.values.get(axis.path)):
                return f"{member.name}: expected a value of the search for {axis.path}"
    return "" if experiment.population is None else _population_problem(experiment, experiment.population)


def _population_problem(experiment: Experiment, population: Population) -> str:
    names = [member.name for member in experiment.members]
    for copy in (copy for round in population.rounds for copy in round.copies):
        if copy.member not in names or copy.source not in names:
            return f"expected copies of members, got one of {copy.source} for {copy.member}"
        if not all(axis.scale and _is_on(axis, copy.values.get(axis.path)) for axis in experiment.axes):
            return f"the copy for {copy.member}: expected values inside the intervals"
    return ""


def _is_on(axis: Axis, value: Any) -> bool:
    if not axis.scale:
        return any(type(value) is type(one) and value == one for one in axis.values)  # 1 and 1.0 are no same choice
    return isinstance(value, int | float) and axis.low <= value <= axis.high


def is_override(path: str) -> bool:
    """Return whether an axis is a value in the configuration, and no knob."""
    return path.partition(".")[0] in ROOTS and "/" not in path


def member_spec(experiment: Experiment, member: Member, device: str) -> RunSpec:
    """Return the spec of a member that starts from the beginning."""
    overrides = {path: value for path, value in member.values.items() if is_override(path)}
    knobs = {path: value for path, value in member.values.items() if path not in overrides}
    values = msgspec.convert(knobs, dict[str, Value])  # a range is a list in a file
    spec = experiment.spec
    return msgspec.structs.replace(
        spec,
        experiment=experiment.name,
        name=member.name,
        seed=member.seed,
        device=device,
        set=spec.set | values,
        overrides=spec.overrides | overrides,
    )
