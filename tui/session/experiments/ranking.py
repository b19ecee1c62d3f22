"""Members of an experiment by a metric: the value of each, and mean and interval over the seeds of a combination."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder
from tui.session.experiments.attempts import MemberState
from tui.session.experiments.experiment import MOST_MEMBERS, Experiment
from tui.session.metrics.names import own_name
from tui.session.runs.run_index import read_state

USUAL = ("Evaluation/score", "Evaluation/success", own_name("success"), own_name("reward"))
"""Metrics that rank members if the experiment names none: the first one that a member has."""


@dataclass(frozen=True)
class Spread:
    """Mean over `count` seeds (at least 1) and its 95 % interval (Student); NaN where one seed gives none."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class RankedMember:
    """A member with its value, None without one."""

    state: MemberState
    value: float | None


@dataclass(frozen=True)
class RankedGroup:
    """The members with the same values, and the spread over their seeds; None without any value."""

    members: tuple[RankedMember, ...]
    spread: Spread | None


@dataclass(frozen=True)
class Ranking:
    """Groups by their mean, the best first; those without a value come last."""

    metric: str
    """Empty if no member has a value yet."""
    groups: tuple[RankedGroup, ...]


def rank(experiment: Experiment, states: Sequence[MemberState], metric: str = "") -> Ranking:
    """Return the members by `metric`, by default the experiment's objective or the first of `USUAL` that exists."""
    metric = metric or experiment.objective or _usual(states)
    grouped = group_by_values(states) if experiment.population is None else [[state] for state in states]
    groups = [_group(group, metric) for group in grouped]
    sign = 1 if experiment.minimize else -1
    ordered = sorted(groups, key=lambda group: math.inf if group.spread is None else sign * group.spread.mean)
    return Ranking(metric, tuple(_sorted_inside(group, sign) for group in ordered))


def group_by_values(states: Iterable[MemberState]) -> list[list[MemberState]]:
    """Return the members in groups of equal values, in order."""
    groups: dict[bytes, list[MemberState]] = {}
    for state in states:
        groups.setdefault(msgspec.json.encode(state.member.values, order="deterministic"), []).append(state)
    return list(groups.values())


def value_of(state: MemberState, metric: str) -> float | None:
    """Return the newest finite value of a metric over the member's runs; None without one."""
    for attempt in reversed(state.attempts):
        value = _latest(attempt.folder.path, _size(attempt.folder)).get(metric)
        if value is not None and math.isfinite(value):
            return value
    return None


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of the known values; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _usual(states: Sequence[MemberState]) -> str:
    return next((name for name in USUAL if any(value_of(state, name) is not None for state in states)), "")


def _group(states: Sequence[MemberState], metric: str) -> RankedGroup:
    members = tuple(RankedMember(state, value_of(state, metric) if metric else None) for state in states)
    return RankedGroup(members, spread_of([member.value for member in members if member.value is not None]))


def spread_of(values: Sequence[float]) -> Spread | None:
    """Return mean and interval of one value a seed; None without values."""
    if not values:
        return None
    from trainer_proc.contract.statistics import estimate  # imports numpy

    found = estimate(values)
    assert found is not None
    return Spread(found.value, found.low, found.high, found.count)


def _sorted_inside(group: RankedGroup, sign: int) -> RankedGroup:
    members = sorted(group.members, key=lambda one: math.inf if one.value is None else sign * one.value)
    return RankedGroup(tuple(members), group.spread)


def _size(folder: RunFolder) -> int:
    try:
        return folder.journal.stat().st_size
    except OSError:  # not written yet
        return 0


@lru_cache(maxsize=2 * MOST_MEMBERS)
def _latest(path: Path, size: int) -> Mapping[str, float]:
    """Return the newest value of every metric in the journal of a run, of this size."""
    try:
        return read_state(RunFolder(path)).latest if size else {}
    except (UserError, OSError):
        return {}
