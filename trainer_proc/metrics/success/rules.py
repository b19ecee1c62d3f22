"""The conditions of a successful episode, measured while it runs.

Each step only copies what is needed, in one kernel; the arithmetic is done once an iteration for all its steps, on the
device. An episode's last state is not recorded: by then the environment has been reset.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch

from presets.success import Success
from trainer_proc.metrics.success.episodes import Lifetimes, Trace, totals_of_episodes, where_episodes_began
from trainer_proc.metrics.success.joints import JointLimits
from trainer_proc.metrics.success.judgement import EVERY, Judgement, Rule
from trainer_proc.metrics.success.root import RobotSource, Root, find_robot, find_root
from trainer_proc.metrics.success.task import (
    SUCCESS_REPORT,
    command_with_success,
    goal_of_some_tasks,
    longest_episode,
    no_success,
    reports_success,
    seconds_of_step,
    velocity_command,
)
from trainer_proc.metrics.success.velocity import Velocity


def make_rule(definition: Success, env: Any, simulator: RobotSource | None, environments: slice = EVERY) -> Rule:
    """Return the rule for an unwrapped environment. Raises `TrainingError` if the environment does not support it.

    `environments` are those that it measures; one that is not `is_per_environment` measures all.
    """
    longest = longest_episode(env)
    match definition.kind:
        case "velocity":
            command = velocity_command(env, definition.command)
            root = find_root(simulator, command.robot, definition.kind)
            step_dt = seconds_of_step(env, definition.kind)
            rule = Velocity(definition, command, root, step_dt=step_dt, longest=longest, environments=environments)
            goal = goal_of_some_tasks(env)
            return rule if goal is None else _GoalOfSomeTasks(rule, goal, environments)
        case "upright":
            robot = find_robot(simulator, definition.kind)
            return _Upright(definition, find_root(simulator, robot, definition.kind), longest, environments)
        case "joints":
            robot = find_robot(simulator, definition.kind)
            step_dt = seconds_of_step(env, definition.kind)
            return JointLimits(definition, robot, step_dt=step_dt, longest=longest, environments=environments)
        case "environment":
            command = command_with_success(env, definition.command)
            if command is not None:
                return _CommandSuccess(definition, command, longest, environments)
            if not reports_success(env):
                raise no_success(env)
            return _ReportedSuccess(env)
        case _:
            return _TimeOut(longest)


class _TimeOut:
    """The episode ended by time-out; its score is the share of the longest episode that was lived."""

    is_per_environment = True

    def __init__(self, longest: int | None) -> None:
        self._lifetimes = Lifetimes(longest)

    def begin(self) -> None:
        self._lifetimes.begin()

    def step(self) -> None:
        pass

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        survival = self._lifetimes.survival(self._lifetimes.lengths(dones), time_outs)
        return Judgement(dones & time_outs, {"score": survival["score/survival"]} | survival if survival else {})


class _Upright:
    """Time-out, and the root stayed within a box around its first position and within a tilt.

    The score is the share of the longest episode in which it stayed there.
    """

    is_per_environment = True

    def __init__(self, definition: Success, root: Root, longest: int | None, environments: slice) -> None:
        self._root = root
        self._box = definition.box
        self._least_cosine = math.cos(min(definition.tilt, math.pi))
        self._seen = Trace(
            lambda: torch.cat([root.position()[environments, :2], root.orientation()[environments]], dim=-1)
        )
        self._lifetimes = Lifetimes(longest)
        self._began = self._stayed = torch.zeros(0)

    def begin(self) -> None:
        self._seen.begin()
        self._lifetimes.begin()
        self._began = self._seen.take()[0, :, :2]
        self._stayed = torch.zeros(len(self._began), 1, dtype=torch.float64, device=self._began.device)

    def step(self) -> None:
        self._seen.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        seen = self._seen.take()[1:]
        places, orientations = seen[..., :2], self._root.quaternion(seen[..., 2:])
        began = where_episodes_began(places, dones, self._began)
        x, y = (places - began).abs().unbind(-1)
        # of the angle between the root's z axis and the world's
        cosine = 1.0 - 2.0 * orientations[..., 1:3].square().sum(-1)
        stays = (x <= self._box[0]) & (y <= self._box[1]) & (cosine >= self._least_cosine)  # false for NaN
        sums, self._stayed = totals_of_episodes(stays.double().unsqueeze(-1), dones, self._stayed)
        self._began = began[-1]
        lengths = self._lifetimes.lengths(dones)
        score = sums[..., 0] / (self._lifetimes.due(lengths, time_outs) - 1).clamp(min=1)
        values = {"score": score} | self._lifetimes.survival(lengths, time_outs)
        return Judgement(dones & time_outs & (sums[..., 0] == lengths - 1), values)


class _CommandSuccess:
    """The environment's own success, in a command's `episode_success` (mjlab's `LiftingCommand`).

    The command clears it when an episode ends, so the state before the last step counts.
    """

    is_per_environment = True

    def __init__(self, definition: Success, command: Any, longest: int | None, environments: slice) -> None:
        self._needs_time_out = definition.time_out
        self._successes = Trace(lambda: command.episode_success[environments].clone())
        self._lifetimes = Lifetimes(longest)

    def begin(self) -> None:
        self._successes.begin()
        self._lifetimes.begin()

    def step(self) -> None:
        self._successes.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        had_success: torch.Tensor = self._successes.take()[:-1] > 0
        ends = dones & time_outs if self._needs_time_out else dones
        return Judgement(ends & had_success, self._lifetimes.survival(self._lifetimes.lengths(dones), time_outs))


class _GoalOfSomeTasks:
    """Follow the velocity, but achieve the goal where a command sets one (`has_goal`): then its success counts.

    All else that is measured is that of the velocity. The goal too needs a time-out.
    """

    is_per_environment = True

    def __init__(self, velocity: Velocity, goal: Any, environments: slice) -> None:
        self._velocity = velocity
        self._goals = Trace(lambda: torch.stack([goal.has_goal[environments], goal.episode_success[environments] > 0]))

    def begin(self) -> None:
        self._velocity.begin()
        self._goals.begin()

    def step(self) -> None:
        self._velocity.step()
        self._goals.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        judged = self._velocity.judge(dones, time_outs)
        # as in `_CommandSuccess`, the state before the last step counts
        has_goal, achieved = self._goals.take()[:-1].unbind(1)
        return replace(judged, success=torch.where(has_goal, dones & time_outs & achieved, judged.success))


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

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        reports = [torch.as_tensor(report, dtype=torch.double, device=dones.device) for report in self._reports]
        self._reports.clear()
        return Judgement(dones * torch.stack(reports).reshape(-1, 1))
