"""Chooses the environment that a selection means, without waiting for the device.

A choice by value is the index of the highest score, which takes a few kernels. Its copy to the host is read in a later
step. Nothing here draws from the training's random numbers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from trainer_proc.contract.robot import SELECTIONS, Selection
from trainer_proc.metrics.success.task import task_command
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.robot_stream.host_copy import HostCopy
from trainer_proc.simulators.robot_reader import RobotReader

_SPREAD = 7919
"""A prime: neighbours, which often have the same type, get scores that are far apart."""
_LEAST_STEPS = 25
"""Steps from which an episode's mean reward is compared, unless episodes are short."""
_ALL_YOUNG = "all episodes have just begun: no best or worst one yet"


class NotSelectable(Exception):
    """No environment fits a selection; the message is the reason, in one line."""


@dataclass(frozen=True)
class EnvironmentTypes:
    """Tasks and terrain types that environments have; `read` returns an index in `names` for each."""

    groups: list[tuple[tuple[str, ...], Callable[[], torch.Tensor]]] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, those of tasks first."""
        return tuple(name for names, _ in self.groups for name in names)

    def are(self, name: str) -> torch.Tensor:
        """Return whether each environment is of this type, of shape [num_envs]. Raises `NotSelectable`."""
        for names, read in self.groups:
            if name in names:
                return read() == names.index(name)
        there_are = f"there are {', '.join(self.names)}" if self.groups else "this task has no types"
        raise NotSelectable(f"no such type of environment: {name}; {there_are}")


def environment_types(env: Any, terrain: SteeredTerrain | None) -> EnvironmentTypes:
    """Return the types of an unwrapped environment."""
    command = task_command(env)
    groups: list[tuple[tuple[str, ...], Callable[[], torch.Tensor]]] = []
    if command is not None:
        groups.append((tuple(command.task_names), lambda: command.task_ids))
    if terrain is not None and terrain.types:
        groups.append((terrain.types, lambda: terrain.present_types))
    return EnvironmentTypes(groups)


class Choice:
    """An environment that is known at once, or later."""

    def __init__(self, known: int | None, copy: HostCopy | None = None, missing: str = "") -> None:
        self._known, self._copy, self._missing = known, copy, missing

    @property
    def is_made(self) -> bool:
        """Whether `environment` is known. Synchronizes nothing."""
        return self._copy is None or self._copy.is_done

    def environment(self) -> int:
        """Return the environment; call it when `is_made`. Raises `NotSelectable` if none fits."""
        if self._copy is None:
            assert self._known is not None
            return self._known
        score, index = self._copy.values()
        if score == -torch.inf:
            raise NotSelectable(self._missing)
        return int(index)


class Chooser:
    """Makes the choices of one training. Used by the training thread."""

    def __init__(self, reader: RobotReader, types: EnvironmentTypes, noise_free: range) -> None:
        """`noise_free` are the environments that act without exploration noise; empty if there are none."""
        self._reader = reader
        self._types = types
        self._noise_free = noise_free
        self._num_envs = reader.scene.num_envs
        self._least_steps = max(min(_LEAST_STEPS, reader.longest_episode // 4), 1)
        self._returns: tuple[torch.Tensor, torch.Tensor] | None = None

    def choose(self, selection: Selection, turn: int) -> Choice:
        """Begin to choose; `turn` counts the choices of this selection. Raises `NotSelectable` if none can ever fit."""
        match selection.kind:
            case "env":
                return Choice(min(self._number(selection.value), self._num_envs - 1))
            case "random":
                return Choice(random.Random(f"{selection.value} {turn}").randrange(self._num_envs))
            case "noise-free":
                if not self._noise_free:
                    raise NotSelectable("no environment acts without exploration noise in this training")
                return Choice(self._noise_free[turn % len(self._noise_free)])
            case "type":
                return self._of_type(selection.value, turn)
            case "tilted":
                return self._highest(self._tilts())
            case "best" | "worst":
                return self._highest(self._mean_rewards() * (1 if selection.kind == "best" else -1), _ALL_YOUNG)
        raise NotSelectable(f"no such selection: {selection.kind}; there are {', '.join(SELECTIONS)}")

    def explanation(self, selection: Selection, environment: int) -> str:
        """Return why a selection has got an environment that it does not name; empty if it names it."""
        is_other = selection.kind == "env" and self._number(selection.value) != environment
        return f"no environment {selection.value}: the closest is {environment}" if is_other else ""

    def observe(self, rewards: torch.Tensor, dones: torch.Tensor) -> None:
        """Add up returns where the environment has no reward terms that do. Call it after each step while needed."""
        if self._reader.returns() is None:
            sums, steps = self._returns or (torch.zeros_like(rewards), torch.zeros_like(rewards))
            runs = dones == 0
            self._returns = (sums + rewards) * runs, (steps + 1) * runs

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal()):
            raise NotSelectable(f"expected the number of an environment, 0 to {self._num_envs - 1}, got {text}")
        return int(text)

    def _of_type(self, name: str, turn: int) -> Choice:
        is_of_type = self._types.are(name)
        numbers = torch.arange(self._num_envs, device=is_of_type.device)
        scores = ((numbers + turn) * _SPREAD % self._num_envs).float()
        missing = f"no environment is of type {name} now"
        return self._highest(torch.where(is_of_type, scores, -torch.inf), missing)

    def _tilts(self) -> torch.Tensor:
        """Return how far the root of each robot points away from upwards: -1 for upright, 1 for upside down."""
        root = self._reader.root
        if root is None:
            raise NotSelectable("this robot can't tilt: its root is fixed to the world")
        quaternions = root.quaternion(root.orientation())
        return 2.0 * quaternions[:, 1:3].square().sum(-1) - 1.0

    def _mean_rewards(self) -> torch.Tensor:
        """Return the mean reward of each running episode, not finite for episodes that have just begun.

        Returns themselves would compare the episodes' ages: the one that has just begun is the worst.
        """
        returns = self._reader.returns() or self._returns
        if returns is None:
            raise NotSelectable(_ALL_YOUNG)
        sums, steps = returns
        return torch.where(steps >= self._least_steps, sums / steps, torch.nan)

    def _highest(self, scores: torch.Tensor, missing: str = "no environment has a finite value") -> Choice:
        value, index = torch.where(scores.isfinite(), scores, -torch.inf).max(0)
        return Choice(None, HostCopy(torch.stack([value.float(), index.float()])), missing)
