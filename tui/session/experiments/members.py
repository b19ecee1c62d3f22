"""Members of an experiment: one for each combination of values and each seed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from curricula.errors import UsageError
from tui.session.experiments.experiment import MOST_MEMBERS, Experiment, Member, member_spec
from tui.session.experiments.sweep import shown
from tui.session.launching.spec_checks import check_overrides, checked_spec

_LONGEST_VALUE, _LONGEST_NAME = 12, 60
_UNFIT = re.compile(r"[^\w.+-]+")


def make_members(combinations: Sequence[Mapping[str, Any]], seeds: Sequence[int], first: int = 1) -> tuple[Member, ...]:
    """Return the members for all combinations and seeds, numbered from `first`. Raises `UsageError`."""
    count = len(combinations) * len(seeds)
    if first - 1 + count > MOST_MEMBERS:
        raise UsageError(f"expected at most {MOST_MEMBERS:,} members, got {first - 1 + count:,}")
    pairs = [(values, seed) for values in combinations for seed in seeds]
    several = len(seeds) > 1
    return tuple(
        Member(_name(number, values, seed if several else None), seed, dict(values))
        for number, (values, seed) in enumerate(pairs, start=first)
    )


def check_members(experiment: Experiment) -> None:
    """Raise `UserError` if a member has values that no run can have; unknown knobs are not found here."""
    for member in experiment.members:
        check_overrides(checked_spec(member_spec(experiment, member, experiment.devices[0])))


def _name(number: int, values: Mapping[str, Any], seed: int | None) -> str:
    """Return `m03_0.5_s42`: number, values, and the seed if there are several."""
    parts = [_UNFIT.sub("-", shown(value))[:_LONGEST_VALUE].strip("-") for value in values.values()]
    ending = [] if seed is None else [f"s{seed}"]
    name = "_".join(part for part in (f"m{number:02d}", *parts) if part)
    return "_".join([name[:_LONGEST_NAME], *ending])
