"""Options of `launch` that make an experiment of several trainings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_args

import click

from tui.session.experiments.experiment import Sampler
from tui.session.experiments.make import ExperimentChoice
from tui.session.experiments.make_population import PopulationChoice

_OPTIONS = (
    click.option("--seeds", type=click.IntRange(1, 1000), help="Train with N seeds, from --seed on: an experiment."),
    click.option(
        "--sweep",
        "sweeps",
        multiple=True,
        metavar="PATH=VALUE,VALUE...",
        help="Train with each value of a knob or of the configuration; several: all combinations.",
    ),
    click.option(
        "--trials", type=click.IntRange(1, 1000), help="Optuna search of N trials; --sweep also takes LOW:HIGH[:log]."
    ),
    click.option("--objective", default="", metavar="METRIC", help="Metric that ranks members and guides the search."),
    click.option("--minimize", is_flag=True, help="A lower objective is better."),
    click.option("--sampler", type=click.Choice(get_args(Sampler)), help="Optuna's sampler; default: tpe."),
    click.option("--population", type=click.IntRange(2, 1000), help="Train N members that copy from each other."),
    click.option(
        "--every",
        type=click.IntRange(min=1),
        metavar="ITERATIONS",
        help="Iterations between two comparisons of its members.",
    ),
    click.option(
        "--perturb",
        "perturbed",
        multiple=True,
        metavar="KNOB=LOW:HIGH[:log]",
        help="Knob whose value differs in a population, and changes with each copy.",
    ),
    click.option(
        "--quantile",
        type=click.FloatRange(0, 0.5, min_open=True),
        help="Share of a population that is replaced by copies; default: 0.25.",
    ),
    click.option("--ask/--no-ask", default=None, help="Ask before each copy; default: the setting population.confirm."),
    click.option("--retries", type=click.IntRange(0, 1000), help="Start failed members again, N times; default: 0."),
)


def experiment_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options, passed on as one `ExperimentChoice` named `choice`."""

    @functools.wraps(command)
    def with_choice(
        *,
        seeds: int | None,
        sweeps: tuple[str, ...],
        trials: int | None,
        objective: str,
        minimize: bool,
        sampler: Sampler | None,
        retries: int | None,
        population: int | None,
        every: int | None,
        perturbed: tuple[str, ...],
        quantile: float | None,
        ask: bool | None,
        **others: Any,
    ) -> None:
        chosen = PopulationChoice(population, every, perturbed, quantile, ask)
        choice = ExperimentChoice(seeds, sweeps, trials, objective, minimize, sampler, retries, chosen)
        command(choice=choice, **others)

    decorated: Callable[..., None] = with_choice
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
