"""`quick`: success and score on the run's own distribution of commands, terrain and randomization."""

from __future__ import annotations

from typing import ClassVar

from trainer_proc.contract.evaluation import SuiteName
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, Trial


class Quick(Suite):
    """One cell without preparation: what the training itself would play, but by the policy's mean."""

    name: ClassVar[SuiteName] = "quick"
    episodes = 100

    def plan(self, stage: Stage) -> Plan:
        return Plan(trial=Trial())
