"""All suites by name."""

from __future__ import annotations

from trainer_proc.contract.evaluation import SuiteName
from trainer_proc.evaluation.suites.commands import Commands
from trainer_proc.evaluation.suites.pushes import Pushes
from trainer_proc.evaluation.suites.quick import Quick
from trainer_proc.evaluation.suites.randomization import Randomization
from trainer_proc.evaluation.suites.smoothness import Smoothness
from trainer_proc.evaluation.suites.suite import Suite, SuiteRefused
from trainer_proc.evaluation.suites.terrain import TerrainMatrix

_SUITES: dict[SuiteName, Suite] = {
    suite.name: suite for suite in (Quick(), Commands(), Pushes(), TerrainMatrix(), Randomization(), Smoothness())
}


def find_suite(name: SuiteName) -> Suite:
    """Return a suite. Raises `SuiteRefused` if there is none of this name."""
    if name not in _SUITES:
        raise SuiteRefused(f"no such suite: {name}; there are {', '.join(_SUITES)}")
    return _SUITES[name]
