"""`smoothness`: what the motion costs the robot, on the run's own commands, without pushes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch

from trainer_proc.contract.evaluation import SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, SuiteRefused, Trial
from trainer_proc.evaluation.wear import MEASURES, Wear

_EPISODE_S = 10.0
"""Means over more steps change little (s)."""


class Smoothness(Suite):
    """One cell. Pushes are switched off: their jerks are not the policy's."""

    name: ClassVar[SuiteName] = "smoothness"
    episodes = 24

    def overrides(self, spec: RunSpec, env_cfg: Any) -> dict[str, Any]:
        return {"env.episode_length_s": min(float(env_cfg.episode_length_s), _EPISODE_S)}

    def plan(self, stage: Stage) -> Plan:
        simulator = stage.simulator
        robot = simulator.robot() if simulator is not None else None
        mechanics = simulator.mechanics(robot) if simulator is not None and robot is not None else None
        if simulator is None or mechanics is None or getattr(stage.task, "action_manager", None) is None:
            raise SuiteRefused("smoothness: expected one robot with joints that actions drive, got none: use quick")
        stage.without_interval_events()
        root = None if getattr(robot, "is_fixed_base", False) else simulator.root(robot)
        if root is None:
            stage.notes.append("no energy per metre: the robot is fixed to the world")
        if mechanics.feet() is None:
            stage.notes.append("no foot slip: the task has no reward for it, which tells what its feet are")
        return Plan(measures=MEASURES, trial=_Trial(lambda: Wear(mechanics, root, float(stage.task.step_dt)), stage))


class _Trial(Trial):
    def __init__(self, new_wear: Callable[[], Wear], stage: Stage) -> None:
        self._new_wear = new_wear
        self._actions = stage.task.action_manager

    def started(self) -> None:
        self._wear = self._new_wear()

    def step(self, alive: torch.Tensor) -> None:
        self._wear.step(self._actions.action, alive)

    def values(self) -> Mapping[str, torch.Tensor]:
        return self._wear.values()
