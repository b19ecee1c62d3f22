"""The conditions of a successful episode, measured while it runs.

Each step only copies what is needed, in one kernel; the arithmetic is done once an iteration for all its steps, on the
device. An episode's last state is not recorded: by then the environment has been reset.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch

from presets.success import Success
from trainer_proc.metrics.success.episodes import Trace, totals_of_episodes, where_episodes_began
from trainer_proc.metrics.success.root import RobotSource, Root, find_robot, find_root
from trainer_proc.metrics.success.task import (
    SUCCESS_REPORT,
    command_with_success,
    no_success,
    reports_success,
    velocity_command,
)

_LARGEST_ERROR = 1e6
"""Replaces non-finite errors, so that a diverged simulation leaves no NaN in the sums of later episodes."""


class Rule(Protocol):
    """Judges episodes: `begin` is called before the first step, `step` after each, `judge` after an iteration's."""

    is_per_environment: bool
    """Whether it judges each environment, rather than the mean of those that end in the same step."""

    def begin(self) -> None:
        """Record the state before the first step."""

    def step(self) -> None:
        """Record the state after a step, without synchronization."""

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        """Return where the steps since the last call have ended an episode with success.

        Arguments and result are bool, of shape [steps, num_envs], with at least one step. A rule that is not
        `is_per_environment` returns the mean success instead, double, 0 to 1.
        """


def make_rule(definition: Success, env: Any, simulator: RobotSource | None) -> Rule:
    """Return the rule for an unwrapped environment. Raises `TrainingError` if the environment does not support it."""
    match definition.kind:
        case "velocity":
            command = velocity_command(env, definition.command)
            return _Velocity(definition, command, find_root(simulator, command.robot, definition.kind))
        case "upright":
            robot = find_robot(simulator, definition.kind)
            return _Upright(definition, find_root(simulator, robot, definition.kind))
        case "environment":
            command = command_with_success(env, definition.command)
            if command is not None:
                return _CommandSuccess(command)
            if not reports_success(env):
                raise no_success(env)
            return _ReportedSuccess(env)
        case _:
            return _TimeOut()


class _TimeOut:
    """The episode ended by time-out."""

    is_per_environment = True

    def begin(self) -> None:
        pass

    def step(self) -> None:
        pass

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        return dones & time_outs


class _Velocity:
    """Time-out, and a small mean tracking error; a step's error is against the command during that step."""

    is_per_environment = True

    def __init__(self, definition: Success, command: Any, root: Root) -> None:
        self._root = root
        self._limits = (definition.linear_error, definition.angular_error)
        self._seen = Trace(lambda: torch.cat([root.orientation(), root.velocity(), command.command], dim=-1))
        self._sums = torch.zeros(0)

    def begin(self) -> None:
        self._seen.begin()
        seen = self._seen.take()[0]
        self._sums = torch.zeros(len(seen), 3, dtype=torch.float64, device=seen.device)

    def step(self) -> None:
        self._seen.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        seen = self._seen.take()
        commands = seen[:-1, :, 10:]
        linear, angular = self._root.velocity_in_root_frame(seen[1:, :, :4], seen[1:, :, 4:10])
        linear_error = (linear[..., :2] - commands[..., :2]).norm(dim=-1)
        angular_error = (angular[..., 2] - commands[..., 2]).abs()
        errors = torch.stack([linear_error, angular_error, torch.ones_like(linear_error)], dim=-1).double()
        errors = errors.nan_to_num(_LARGEST_ERROR).clamp(max=_LARGEST_ERROR)
        sums, self._sums = totals_of_episodes(errors, dones, self._sums)
        # an episode of one step has no mean: 0 / 0 is NaN, which fails the comparison
        linear_mean, angular_mean = (sums[..., :2] / sums[..., 2:]).unbind(-1)
        return dones & time_outs & (linear_mean < self._limits[0]) & (angular_mean < self._limits[1])


class _Upright:
    """Time-out, and the root stayed within a box around its first position and within a tilt."""

    is_per_environment = True

    def __init__(self, definition: Success, root: Root) -> None:
        self._root = root
        self._box = definition.box
        self._least_cosine = math.cos(min(definition.tilt, math.pi))
        self._seen = Trace(lambda: torch.cat([root.position()[:, :2], root.orientation()], dim=-1))
        self._began = self._violations = torch.zeros(0)

    def begin(self) -> None:
        self._seen.begin()
        self._began = self._seen.take()[0, :, :2]
        self._violations = torch.zeros(len(self._began), 1, device=self._began.device)

    def step(self) -> None:
        self._seen.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        seen = self._seen.take()[1:]
        places, orientations = seen[..., :2], self._root.quaternion(seen[..., 2:])
        began = where_episodes_began(places, dones, self._began)
        x, y = (places - began).abs().unbind(-1)
        # of the angle between the root's z axis and the world's
        cosine = 1.0 - 2.0 * orientations[..., 1:3].square().sum(-1)
        stays = (x <= self._box[0]) & (y <= self._box[1]) & (cosine >= self._least_cosine)  # false for NaN
        sums, self._violations = totals_of_episodes((~stays).float().unsqueeze(-1), dones, self._violations)
        self._began = began[-1]
        return dones & time_outs & (sums[..., 0] == 0.0)


class _CommandSuccess:
    """The environment's own success, in a command's `episode_success` (mjlab's `LiftingCommand`).

    The command clears it when an episode ends, so the state before the last step counts.
    """

    is_per_environment = True

    def __init__(self, command: Any) -> None:
        self._successes = Trace(lambda: command.episode_success.clone())

    def begin(self) -> None:
        self._successes.begin()

    def step(self) -> None:
        self._successes.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        had_success: torch.Tensor = self._successes.take()[:-1] > 0
        return dones & had_success


class _ReportedSuccess:
    """The environment's report of the mean success of the episodes that a step has ended, as in Isaac Lab 3's tasks.

    Tasks clear their own measurements before a step returns; the report is all that remains.
    """

    is_per_environment = False

    def __init__(self, env: Any) -> None:
        self._env = env
        self._reports: list[torch.Tensor | float] = []

    def begin(self) -> None:
        self._reports.clear()

    def step(self) -> None:
        # each reset updates the report; after a step without a reset, the old one counts for no episode
        self._reports.append(self._env.extras["log"].get(SUCCESS_REPORT, 0.0))

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> torch.Tensor:
        reports = [torch.as_tensor(report, dtype=torch.double, device=dones.device) for report in self._reports]
        self._reports.clear()
        return dones * torch.stack(reports).reshape(-1, 1)
