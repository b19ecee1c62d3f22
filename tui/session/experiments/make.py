"""From a user's choices to an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from curricula.errors import UsageError, UserError
from trainer_proc.contract.knob import unknown_knob
from trainer_proc.contract.run_folder import RunFolderError, RunSpec
from tui.session.backends.devices import Device
from tui.session.experiments.experiment import MOST_MEMBERS, Axis, Experiment, Sampler, Search, is_override
from tui.session.experiments.make_population import PopulationChoice, population_members
from tui.session.experiments.members import make_members
from tui.session.experiments.search import check_available
from tui.session.experiments.sweep import combinations, parse_sweeps
from tui.session.launching.spec_checks import SpecError, check_device
from tui.session.runs.run_index import read_state, run_folders

_MOST_RUNS = 50
"""Newest runs that are searched for one with the same knobs."""


@dataclass(frozen=True)
class ExperimentChoice:
    """What the user chose; None and empty for what was left out."""

    seeds: int | None = None
    sweeps: tuple[str, ...] = ()
    trials: int | None = None
    objective: str = ""
    minimize: bool = False
    sampler: Sampler | None = None
    retries: int | None = None
    population: PopulationChoice = field(default_factory=PopulationChoice)

    @property
    def is_experiment(self) -> bool:
        """Whether there is more than one training to start. Raises `UsageError` for choices that need others."""
        if self.population.is_chosen(self.objective):
            own = {
                "--seeds": self.seeds is not None,
                "--sweep": bool(self.sweeps),
                "--trials": self.trials is not None,
                "--sampler": self.sampler is not None,
            }
            if given := next((option for option, value in own.items() if value), None):
                raise UsageError(f"--population and {given} exclude each other: each member has a seed of its own")
            return True
        if self.trials is not None and not self.sweeps:
            raise UsageError("--trials needs --sweep PATH=LOW:HIGH or PATH=VALUE,VALUE…: what to search")
        if self.trials is not None and not self.objective:
            raise UsageError("--trials needs --objective METRIC such as Evaluation/score: what to improve")
        if self.sampler is not None and self.trials is None:
            raise UsageError("--sampler needs --trials N")
        is_experiment = self.seeds is not None or bool(self.sweeps)
        others = {"--objective": self.objective, "--minimize": self.minimize, "--retries": self.retries is not None}
        if not is_experiment and (given := next((option for option, value in others.items() if value), None)):
            raise UsageError(f"{given} needs --seeds N, --sweep PATH=VALUE,VALUE… or --population N")
        return is_experiment


def make_experiment(
    spec: RunSpec, choice: ExperimentChoice, devices: Sequence[Device], log_root: Path, *, any_device: bool
) -> Experiment:
    """Return the experiment of trainings like `spec`, whose name is the experiment's. Raises `UserError`.

    With `any_device`, each training takes any GPU of `devices`, all of this machine; else that of `spec`.
    """
    population = choice.population
    option = "--perturb" if population.members else "--sweep"
    axes = population.axes or parse_sweeps(choice.sweeps, searches=choice.trials is not None)
    _check_axes(spec, axes, log_root, option)
    count = population.members or choice.seeds or 1
    if spec.seed + count > 2**32:
        raise SpecError(f"expected seeds below {2**32}, got {spec.seed} to {spec.seed + count - 1}", field="seed")
    seeds = tuple(range(spec.seed, spec.seed + count)) if count <= MOST_MEMBERS else ()
    if not seeds or (choice.trials or 1) * len(seeds) > MOST_MEMBERS:
        raise UsageError(f"expected at most {MOST_MEMBERS:,} members, got {(choice.trials or 1) * count:,}")
    search = None
    if choice.trials is not None:
        check_available()
        search = Search(choice.trials, choice.sampler or "tpe")
    if population.members:
        members = population_members(axes, seeds)
    else:
        members = () if search else make_members(combinations(axes), seeds)
    return Experiment(
        name=spec.name or f"{spec.experiment}_{datetime.now():%Y-%m-%d_%H-%M-%S}",
        spec=msgspec.structs.replace(spec, name=""),
        devices=tuple(_devices(spec, devices)) if any_device else (spec.device,),
        seeds=seeds,
        axes=axes,
        members=members,
        search=search,
        population=population.population_for(spec),
        objective=choice.objective,
        minimize=choice.minimize,
        retries=choice.retries or 0,
        working_folder=str(Path.cwd()),
    )


def _devices(spec: RunSpec, devices: Sequence[Device]) -> Iterable[str]:
    """Yield the devices that a training may take."""
    if spec.device == "cpu" or spec.processes > 1:
        yield spec.device
        return
    for device in devices:
        with suppress(SpecError):  # of a GPU that CUDA_VISIBLE_DEVICES hides
            if device.name != "cpu":
                check_device(msgspec.structs.replace(spec, device=device.name), devices)
                yield device.name


def _check_axes(spec: RunSpec, axes: Sequence[Axis], log_root: Path, sweep: str) -> None:
    """Raise `UsageError` for what is given twice, and for unknown knobs if an earlier run had the same ones."""
    for axis in axes:
        if axis.path in spec.set or axis.path in spec.overrides:
            option = "--override" if is_override(axis.path) else "--set"
            preset = "" if option == "--set" else ", an argument"
            raise UsageError(f"{axis.path} is given by {sweep} and by {option}{preset} or the preset: expected one")
    knobs = [axis.path for axis in axes if not is_override(axis.path)]
    if knobs and (known := _known_knobs(spec, log_root)):
        for name in knobs:
            if name not in known:
                raise UsageError(f"{sweep}: {unknown_knob(name, known)}")


def _known_knobs(spec: RunSpec, log_root: Path) -> list[str]:
    """Return the knobs of the newest run that was configured alike; none if there is none."""
    for folder in islice(run_folders(log_root), _MOST_RUNS):
        with suppress(RunFolderError, UserError, OSError):
            if _configuration(folder.read_spec()) == _configuration(spec) and (knobs := read_state(folder).knobs):
                return list(knobs)
    return []


def _configuration(spec: RunSpec) -> tuple[object, ...]:
    """Return all that decides which knobs a run has."""
    task = (spec.backend, spec.task, spec.physics, spec.library, spec.frontend, spec.modules, spec.hydra)
    return (*task, spec.overrides, spec.curricula, spec.success)
