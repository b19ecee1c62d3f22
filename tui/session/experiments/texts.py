"""Experiments and queues as text and as values for scripts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, get_args

from tui.session.experiments.attempts import MemberState, MemberStatus
from tui.session.experiments.lineage import lineage_text
from tui.session.experiments.population_text import lineage_value, population_lines, population_value, round_text
from tui.session.experiments.queue_runner import QueuedExperiment
from tui.session.experiments.ranking import RankedGroup, RankedMember, Ranking, Spread
from tui.session.experiments.sweep import shown
from tui.session.numbers import number
from tui.session.text import plain, shortened

_LONGEST_REASON = 80
_FEWEST_PARTS = 2
_WITH_REASON: tuple[MemberStatus, ...] = ("waiting", "submitted", "failed")


def counts_text(states: Sequence[MemberState]) -> str:
    """Return `6 members: 2 finished, 1 running, 3 waiting`."""
    counts = Counter(state.status for state in states)
    parts = [f"{counts[status]} {status}" for status in get_args(MemberStatus) if counts[status]]
    members = f"{len(states)} member{'' if len(states) == 1 else 's'}"
    return f"{members}: {', '.join(parts)}" if parts else members


def values_text(values: dict[str, Any]) -> str:
    """Return `reward/a/weight=0.5, ppo/gamma=0.99`; empty without values."""
    return ", ".join(f"{path}={shown(value)}" for path, value in values.items())


def short_values_text(values: dict[str, Any]) -> str:
    """Return `a/weight=0.5, algorithm.gamma=0.99`: the last two parts of each path, more where they are equal."""
    parts = {path: re.split(r"(?<=[/.])", path) for path in values}
    for count in range(_FEWEST_PARTS, max(map(len, parts.values()), default=0)):
        short = {path: "".join(steps[-count:]) for path, steps in parts.items()}
        if len(set(short.values())) == len(short):
            return ", ".join(f"{short[path]}={shown(value)}" for path, value in values.items())
    return values_text(values)


def spread_text(spread: Spread | None) -> str:
    """Return a mean with its interval and the number of values."""
    if spread is None:
        return number(None)
    if math.isnan(spread.low):
        return f"{number(spread.mean)} (1 value)"
    return f"{number(spread.mean)} ({number(spread.low)} to {number(spread.high)}, {spread.count} values)"


def experiment_lines(looked: QueuedExperiment, ranking: Ranking, *, is_queued: bool) -> list[str]:
    """Return an experiment as lines: its state, then groups of members, the best first."""
    experiment = looked.experiment
    trials = f" of {experiment.search.trials * len(experiment.seeds)}" if experiment.search else ""
    state = ""
    if not looked.has_ended:
        state = ", paused" if experiment.paused else "" if is_queued else ", not in the queue: add it with --resume"
    ranked = f"; ranked by {ranking.metric}" if ranking.metric else ""
    lines = [f"{experiment.name}  {counts_text(looked.states)}{trials and f' ({len(looked.states)}{trials} made)'}"]
    lines[0] += state + ranked + "".join(f"; {text}" for text in [round_text(experiment)] if text)
    for group in ranking.groups:
        lines += _group_lines(group)
    lines += population_lines(experiment)
    return [plain(line) for line in lines]


def member_value(state: MemberState) -> dict[str, Any]:
    """Return a member for scripts."""
    return {
        "name": state.member.name,
        "seed": state.member.seed,
        "values": state.values,
        "lineage": lineage_value(state.lineage),
        "status": state.status,
        "reason": state.reason if state.status in _WITH_REASON else "",
        "run": None if state.run is None else str(state.run.path),
        "attempts": [str(attempt.folder.path) for attempt in state.attempts],
    }


def experiment_value(looked: QueuedExperiment, ranking: Ranking, *, is_queued: bool) -> dict[str, Any]:
    """Return an experiment for scripts, groups and members in the order of the ranking."""
    return {
        "experiment": str(looked.folder.path),
        "name": looked.experiment.name,
        "paused": looked.experiment.paused,
        "is_queued": is_queued,
        "metric": ranking.metric or None,
        "population": population_value(looked.experiment),
        "counts": Counter(state.status for state in looked.states),
        "groups": [_group_value(group) for group in ranking.groups],
    }


def _group_value(group: RankedGroup) -> dict[str, Any]:
    spread = group.spread
    return {
        "values": group.members[0].state.values,
        "mean": None if spread is None else spread.mean,
        "low": None if spread is None or math.isnan(spread.low) else spread.low,
        "high": None if spread is None or math.isnan(spread.high) else spread.high,
        "count": 0 if spread is None else spread.count,
        "members": [member_value(one.state) | {"value": one.value} for one in group.members],
    }


def _group_lines(group: RankedGroup) -> list[str]:
    values = values_text(group.members[0].state.values)
    if len(group.members) == 1:
        return [f"{_member_line(group.members[0])}  {values}".rstrip()]
    return [f"  {values}  {spread_text(group.spread)}", *(_member_line(one) for one in group.members)]


def _member_line(one: RankedMember) -> str:
    state = one.state
    reason = shortened(state.reason, _LONGEST_REASON) if state.status in _WITH_REASON else ""
    attempts = f"attempt {len(state.attempts)}" if len(state.attempts) > 1 and not state.lineage else ""
    run = state.run.name if state.run is not None else ""
    start = f"    {state.member.name:<24} {state.status:<9} {number(one.value):>9}"
    parts = (start, run, attempts, lineage_text(state.lineage), reason)
    return "  ".join(part for part in parts if part)
