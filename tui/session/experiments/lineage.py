"""Whose training a member of a population continues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tui.session.experiments.experiment import Experiment


@dataclass(frozen=True)
class Ancestor:
    """A part of a member's training."""

    member: str
    """Name of the member that trained it."""
    iteration: int
    """Its first iteration."""
    values: dict[str, Any]
    """Value by the path of an axis."""


def lineages_of(experiment: Experiment, first: int) -> dict[str, tuple[Ancestor, ...]]:
    """Return by member whose training it continues, the oldest part first, its own last; empty without a population.

    `first` is the first iteration of the experiment. Copies that wait for an answer are none yet.
    """
    if experiment.population is None:
        return {}
    lineages: dict[str, tuple[Ancestor, ...]] = {
        one.name: (Ancestor(one.name, first, one.values),) for one in experiment.members
    }
    for round in experiment.population.rounds:
        before = dict(lineages)
        for copy in round.copies:
            if copy.answer == "accepted":
                own = Ancestor(copy.member, round.iteration, dict(copy.values))
                lineages[copy.member] = (*before[copy.source], own)
    return lineages


def lineage_text(lineage: Sequence[Ancestor]) -> str:
    """Return `from m03 @400, m01 @200`: whom a member was copied from and when, newest first; empty without a copy."""
    copies = [f"{parent.member} @{child.iteration}" for parent, child in pairwise(lineage)]
    return f"from {', '.join(reversed(copies))}" if copies else ""
