"""The iterations of a population's current round."""

from __future__ import annotations

from dataclasses import dataclass

from tui.session.experiments.experiment import Experiment
from tui.session.runs.checkpoints import first_iteration


@dataclass(frozen=True)
class RoundBounds:
    """A round is the training between two comparisons."""

    start: int
    """First iteration of the round."""
    end: int
    """First iteration after it."""
    last: int
    """First iteration after the whole training."""

    @property
    def is_last(self) -> bool:
        """Whether no comparison follows."""
        return self.end == self.last


def round_bounds(experiment: Experiment) -> RoundBounds:
    """Return the current round of an experiment: the whole training unless it is a population."""
    first = first_iteration(experiment.spec)
    last = first + experiment.spec.iterations
    if experiment.population is None:
        return RoundBounds(first, last, last)
    start = first + len(experiment.population.rounds) * experiment.population.every
    return RoundBounds(start, min(start + experiment.population.every, last), last)
