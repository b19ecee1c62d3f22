"""The interface of a suite.

A suite has cells: combinations of values of its axes. One environment serves all cells: in each round, every
environment plays one whole episode of one cell. So a suite prepares each environment for its cell, by its index.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from curricula.errors import UsageError
from trainer_proc.contract.evaluation import Axis, Measure, SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.stage import Stage


class SuiteRefused(UsageError):
    """The task can't have this suite; the message is one line that says why, and which suites fit."""


class Trial:
    """What happens to the environments during the episodes of a suite. Nothing here may wait for the device.

    The base class lets episodes run as they are and measures nothing. All tensors are on the environment's device.
    """

    def begin(self, cells: torch.Tensor) -> None:
        """Prepare a round: environment i plays cell `cells[i]`, int64 [num_envs]. Called before the reset."""

    def started(self) -> None:
        """Note the state after the reset, before the first step."""

    def step(self, alive: torch.Tensor) -> None:
        """Measure after a step where `alive`, bool [num_envs]; elsewhere the episode has ended and was reset."""

    def values(self) -> Mapping[str, torch.Tensor]:
        """Return the round's measures, each [num_envs]; NaN where an episode has no such value."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a suite does in a built environment."""

    axes: tuple[Axis, ...] = ()
    cells: Sequence[Mapping[str, float | str]] = ({},)
    """Value of each axis, by cell; at least one cell."""
    measures: tuple[Measure, ...] = ()
    """Those of `trial`; success and score come before them."""
    trial: Trial


def command_cfgs(env_cfg: Any) -> list[Any]:
    """Return the configurations of a task's commands."""
    commands = getattr(env_cfg, "commands", None) or {}
    return list(commands.values() if isinstance(commands, Mapping) else vars(commands).values())


def names_of_tasks(env_cfg: Any) -> tuple[str, ...]:
    """Return the tasks that a command of the configuration samples by `weights`; empty if there is none."""
    return next((tuple(cfg.weights) for cfg in command_cfgs(env_cfg) if hasattr(cfg, "weights")), ())


class Suite(ABC):
    """One suite. Its methods raise `SuiteRefused` if the task can't have it."""

    name: ClassVar[SuiteName]
    episodes: ClassVar[int]
    """Default number of episodes in each cell, at least 1."""

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        """Return the number of cells as far as the configuration tells; it only sets the number of environments."""
        return 1

    def overrides(self, spec: RunSpec, env_cfg: Any) -> dict[str, Any]:
        """Return values by path in the configuration (`env.episode_length_s`) that the suite builds with."""
        return {}

    @abstractmethod
    def plan(self, stage: Stage) -> Plan:
        """Return the plan for a built environment, under the conditions in force."""

    def notes(self, plan: Plan, cells: Sequence[Mapping[str, Sequence[float | None]]]) -> list[str]:
        """Return what the values show, one line each; `cells` has the values of each cell's episodes by measure."""
        return []
