"""Compares how smoothly a policy moves in MuJoCo and in the training's simulator.

Some faults leave a robot walking: a doubled control rate, small joint velocities, slightly wrong weights. They change
how fast its actions and joints change. The trace names such a fault; this finds it without one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import SURVIVED, SuiteResult
from trainer_proc.contract.statistics import compare
from trainer_proc.verification.gap import pairs_of

_MEASURES = {"action_rate": "changes of actions", "jerk": "jerk of joints"}
_MOST = 0.05
"""Largest relative difference. Of a recorded G1 it is 0.2 %, with the faults 8 % and more."""
_FEWEST = 8
"""Pairs of episodes."""


def smoothness_problems(result: SuiteResult, reference: SuiteResult) -> list[str]:
    """Return a line for each measure that differs, over pairs of nominal episodes without a fall in either."""
    problems = []
    for measure, title in _MEASURES.items():
        ratios = list(_log_ratios(result, reference, measure))
        found = compare(ratios, [0.0] * len(ratios)) if len(ratios) >= _FEWEST else None
        if found is None or found.low <= 0.0 <= found.high or abs(math.expm1(found.difference)) <= _MOST:
            continue
        low, high = math.expm1(found.low), math.expm1(found.high)
        problems.append(
            f"smoothness: expected {title} within {_MOST:.0%} of those in the training's simulator, got "
            f"{math.expm1(found.difference):+.0%} ({low:+.0%} to {high:+.0%}) over {found.count} episodes: "
            "check control rate, observations and weights"
        )
    return problems


def _log_ratios(result: SuiteResult, reference: SuiteResult, measure: str) -> Iterator[float]:
    for one, other in pairs_of(result.cells, reference.cells):
        if one.cell.group not in SUCCESS_GROUPS:
            continue
        columns = (cell.values.get(name, ()) for cell in (one, other) for name in (SURVIVED, measure))
        for survived, here, survived_there, there in zip(*columns, strict=False):
            if survived and survived_there and here and there:
                yield math.log(here / there)
