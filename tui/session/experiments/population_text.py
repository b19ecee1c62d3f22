"""A population as text and as values for scripts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from tui.session.experiments.experiment import Experiment
from tui.session.experiments.lineage import Ancestor
from tui.session.experiments.population import Copy, Population
from tui.session.experiments.round_bounds import round_bounds


def round_text(experiment: Experiment) -> str:
    """Return `round 2 of 4`, the current one; empty without a population."""
    if experiment.population is None:
        return ""
    count = -(-experiment.spec.iterations // experiment.population.every)
    return f"round {len(experiment.population.rounds) + 1} of {count}"


def seconds_left(population: Population) -> float:
    """Return the time for an answer about the newest copies, in seconds, at least 0."""
    return max(population.rounds[-1].made + population.ask_seconds - time.time(), 0.0) if population.rounds else 0.0


def question_text(copy: Copy, population: Population) -> str:
    """Return a copy that waits for an answer in one line."""
    return f"{copy.member} would be replaced in {seconds_left(population):.0f} s: {copy.reason}"


def news_text(experiment: Experiment) -> str:
    """Return the first copy that waits for an answer, else what kept members from being compared; empty for nothing."""
    population = experiment.population
    if population is None or not population.rounds:
        return ""
    last, waiting = population.rounds[-1], population.waiting()
    if waiting:
        count = f"1 of {len(waiting)}: " if len(waiting) > 1 else ""
        return f"{count}{question_text(waiting[0], population)}"
    return f"at iteration {last.iteration}: {last.problem}" if last.problem else ""


def population_lines(experiment: Experiment) -> list[str]:
    """Return what the user should know of the newest comparison: its problem, and copies that wait for an answer."""
    population = experiment.population
    if population is None or not population.rounds:
        return []
    last = population.rounds[-1]
    lines = [f"  at iteration {last.iteration}: {last.problem}"] if last.problem else []
    lines += [f"  {question_text(copy, population)}" for copy in population.waiting()]
    if population.waiting():
        lines.append(f"  keep a member with humanoid-tui experiment {experiment.name} --veto MEMBER")
    return lines


def population_value(experiment: Experiment) -> dict[str, Any] | None:
    """Return a population for scripts: its current round, and all that was decided; None for no population."""
    if experiment.population is None:
        return None
    bounds = round_bounds(experiment)
    value: dict[str, Any] = msgspec.to_builtins(experiment.population)
    return value | {"round_start": bounds.start, "round_end": bounds.end}


def lineage_value(lineage: Sequence[Ancestor]) -> list[dict[str, Any]]:
    """Return a lineage for scripts, the oldest part first."""
    return [{"member": one.member, "iteration": one.iteration, "values": one.values} for one in lineage]
