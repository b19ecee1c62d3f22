"""A velocity command for several tasks in one policy; each episode trains one of them.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

import torch
from mjlab.tasks.velocity.mdp import UniformVelocityCommand, UniformVelocityCommandCfg

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv

Range = tuple[float, float]


class TaskVelocityCommand(UniformVelocityCommand):
    """Samples a task for each environment when its episode begins, and velocities from that task's ranges.

    `task_names` are the tasks in the order of the configuration's `weights`; `task_ids` (E, int64) is the present task
    of each environment.
    """

    cfg: TaskVelocityCommandCfg

    def __init__(self, cfg: TaskVelocityCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self.task_names = tuple(cfg.weights)
        self.task_ids = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        self._held: torch.Tensor | None = None

    def hold_tasks(self, tasks: torch.Tensor) -> None:
        """Assign these tasks (E, int64) from the next reset on, instead of sampling."""
        self._held = tasks

    def reset(self, env_ids: torch.Tensor | slice | None) -> dict[str, float]:
        """Sample the tasks of new episodes, then their first commands."""
        assert isinstance(env_ids, torch.Tensor)
        sampled = self._sample_tasks(len(env_ids))
        self.task_ids[env_ids] = sampled if self._held is None else self._held[env_ids]
        return super().reset(env_ids)

    def _sample_tasks(self, count: int) -> torch.Tensor:
        """Return N tasks, by weight; equally likely if no weight is above 0."""
        samples = torch.rand(count, device=self.device)
        tasks = torch.zeros(count, dtype=torch.long, device=self.device)
        for edge in shares(self.cfg.weights, self.task_names)[:-1]:
            tasks += samples >= edge
        return tasks

    def _resample_command(self, env_ids: torch.Tensor) -> None:
        """Sample as the base class does, then replace velocities by the task's, clamped to `ranges`."""
        super()._resample_command(env_ids)
        forward_only = self.is_forward_env[env_ids]
        for axis, (task_ranges, limits) in enumerate(
            (
                (self.cfg.task_lin_vel_x, self.cfg.ranges.lin_vel_x),
                (self.cfg.task_lin_vel_y, self.cfg.ranges.lin_vel_y),
                (self.cfg.task_ang_vel_z, self.cfg.ranges.ang_vel_z),
            )
        ):
            velocity = self._sample_velocity(self.task_ids[env_ids], task_ranges).clamp(*limits)
            alone = velocity.abs() if axis == 0 else torch.zeros_like(velocity)
            self.vel_command_b[env_ids, axis] = torch.where(forward_only, alone, velocity)
        self.vel_command_w[env_ids] = self.vel_command_b[env_ids]

    def _sample_velocity(self, tasks: torch.Tensor, ranges: Mapping[str, Range]) -> torch.Tensor:
        """Return N velocities, each from its task's range."""
        share = torch.rand(len(tasks), device=self.device)
        velocity = torch.zeros_like(share)
        for task, name in enumerate(self.task_names):
            low, high = ranges[name]
            velocity = torch.where(tasks == task, low + share * (high - low), velocity)
        return velocity


def shares(weights: Mapping[str, float], names: tuple[str, ...]) -> list[float]:
    """Return the cumulative shares of `names`, the last being 1; a weight below 0 counts as 0."""
    positive = [max(float(weights[name]), 0.0) for name in names]
    if not any(positive):
        positive = [1.0] * len(names)
    edges = list(accumulate(positive))
    return [edge / edges[-1] for edge in edges]


@dataclass(kw_only=True)
class TaskVelocityCommandCfg(UniformVelocityCommandCfg):
    """A velocity command with several tasks, sampled by `weights`.

    The ranges of each task are m/s forward and lateral, and rad/s yaw. `ranges` limits all tasks.
    """

    weights: dict[str, float]
    task_lin_vel_x: dict[str, Range] = field(default_factory=dict)
    task_lin_vel_y: dict[str, Range] = field(default_factory=dict)
    task_ang_vel_z: dict[str, Range] = field(default_factory=dict)

    @property
    def trained_ranges(self) -> UniformVelocityCommandCfg.Ranges:
        """Lowest and highest velocities that any task of a weight above 0 is sampled from."""
        named = tuple(name for name, weight in self.weights.items() if weight > 0) or tuple(self.weights)

        def whole(task_ranges: Mapping[str, Range], limits: Range) -> Range:
            ends = [min(max(end, limits[0]), limits[1]) for name in named for end in task_ranges[name]]
            return min(ends), max(ends)

        return UniformVelocityCommandCfg.Ranges(
            lin_vel_x=whole(self.task_lin_vel_x, self.ranges.lin_vel_x),
            lin_vel_y=whole(self.task_lin_vel_y, self.ranges.lin_vel_y),
            ang_vel_z=whole(self.task_ang_vel_z, self.ranges.ang_vel_z),
        )

    def build(self, env: ManagerBasedRlEnv) -> TaskVelocityCommand:
        """Return the command term. Raises `ValueError` if a task has no range."""
        for ranges in (self.task_lin_vel_x, self.task_lin_vel_y, self.task_ang_vel_z):
            if set(ranges) != set(self.weights):
                raise ValueError(f"expected ranges for each of the tasks {', '.join(self.weights)}")
        return TaskVelocityCommand(self, env)
