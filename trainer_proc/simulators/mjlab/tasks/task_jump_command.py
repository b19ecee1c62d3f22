"""Jumps as one of several tasks of a policy: commanded only in environments whose present task is the jump.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from trainer_proc.simulators.mjlab.tasks.jump_command import JumpCommand, JumpCommandCfg
from trainer_proc.simulators.mjlab.tasks.task_command import TaskVelocityCommand

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv


class TaskJumpCommand(JumpCommand):
    """A jump command that waits for ever in environments with another task, where `command` stays 0.

    `has_goal` (E, bool) is whether an environment's present task is the jump. Metrics are means over these.
    """

    cfg: TaskJumpCommandCfg

    def __init__(self, cfg: TaskJumpCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self.has_goal = torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)

    def reset(self, env_ids: torch.Tensor | slice | None) -> dict[str, float]:
        """Begin new episodes, whose tasks have been sampled; return the metrics of those that jumped, if any did."""
        assert isinstance(env_ids, torch.Tensor)
        jumped = env_ids[self.has_goal[env_ids]]
        means = {name: float(metric[jumped].mean()) for name, metric in self.metrics.items()} if len(jumped) else {}
        tasks = cast(TaskVelocityCommand, self._env.command_manager.get_term(self.cfg.tasks))
        self.has_goal[env_ids] = tasks.task_ids[env_ids] == tasks.task_names.index(self.cfg.task)
        super().reset(env_ids)
        return means

    def _begin_goals(self, env_ids: torch.Tensor, goals: torch.Tensor) -> None:
        super()._begin_goals(env_ids, goals)
        self._wait_s[env_ids] = self._wait_s[env_ids].masked_fill(~self.has_goal[env_ids], torch.inf)


@dataclass(kw_only=True)
class TaskJumpCommandCfg(JumpCommandCfg):
    """Jumps in environments whose present task is `task`, by the command `tasks`, which has to come before this one."""

    tasks: str = "twist"
    task: str = "jump"

    def build(self, env: ManagerBasedRlEnv) -> TaskJumpCommand:
        return TaskJumpCommand(self, env)
