"""From a user's choices to a population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from curricula.errors import UsageError
from trainer_proc.contract.run_folder import RunSpec
from tui.session.experiments.experiment import Axis, Member
from tui.session.experiments.exploit import sampled
from tui.session.experiments.population import Population
from tui.session.experiments.sweep import parse_perturbations
from tui.session.launching.spec_checks import SpecError
from tui.session.runs.checkpoints import iteration_in
from tui.session.settings.config import read_settings


@dataclass(frozen=True)
class PopulationChoice:
    """What the user chose; None and empty for what was left out."""

    members: int | None = None
    every: int | None = None
    perturbed: tuple[str, ...] = ()
    quantile: float | None = None
    asks: bool | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Intervals of the perturbed knobs. Raises `UsageError`."""
        return parse_perturbations(self.perturbed)

    def is_chosen(self, objective: str) -> bool:
        """Return whether a population is wanted. Raises `UsageError` for choices that need others."""
        if self.members is None:
            others = {"--every": self.every, "--perturb": self.perturbed, "--quantile": self.quantile}
            asks = {"--ask": self.asks, "--no-ask": self.asks is False or None}
            if given := next((option for option, value in (others | asks).items() if value), None):
                raise UsageError(f"{given} needs --population N")
            return False
        needed = {
            "--every ITERATIONS: when members are compared": self.every,
            "--perturb KNOB=LOW:HIGH: what differs between members": self.perturbed,
            "--objective METRIC such as Evaluation/score: what to improve": objective,
        }
        if missing := next((option for option, value in needed.items() if not value), None):
            raise UsageError(f"--population needs {missing}")
        return True

    def population_for(self, spec: RunSpec) -> Population | None:
        """Return the population of trainings like `spec`; None if none is wanted. Raises `UsageError`."""
        if self.members is None or self.every is None:
            return None
        if self.every >= spec.iterations:
            raise UsageError(f"--every: expected fewer than the {spec.iterations} iterations, got {self.every}")
        if spec.checkpoint and iteration_in(Path(spec.checkpoint)) is None:
            raise SpecError(
                f"expected a checkpoint model_N.pt for a population, got {Path(spec.checkpoint).name}",
                field="checkpoint",
            )
        if spec.other_task:  # whether its iterations begin at 0 is known once the environment is built
            raise SpecError(
                "expected a checkpoint of the same task for a population, got --other-task: train one run from it, "
                "then start the population from that run",
                field="checkpoint",
            )
        settings = read_settings()[0].population
        asks = settings.confirm if self.asks is None else self.asks
        return Population(
            every=self.every,
            quantile=0.25 if self.quantile is None else self.quantile,
            ask_seconds=settings.confirm_seconds if asks else 0.0,
        )


def population_members(axes: Sequence[Axis], seeds: Sequence[int]) -> tuple[Member, ...]:
    """Return a member for each seed, with values drawn from the intervals by its seed."""
    members = []
    for number, seed in enumerate(seeds, start=1):
        random = Random(seed)
        members.append(Member(f"m{number:02d}", seed, {axis.path: sampled(axis, random) for axis in axes}))
    return tuple(members)
