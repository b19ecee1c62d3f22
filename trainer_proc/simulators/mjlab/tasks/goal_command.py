"""The base of commands that set a goal: where a hand has to be, how to jump, what to lift.

Shapes: E environments, of which N are resampled; A numbers make a goal.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from mjlab.managers.command_manager import CommandTerm, CommandTermCfg

from trainer_proc.simulators.goal_progress import GoalProgress
from trainer_proc.simulators.goals import Goals

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv


class GoalCommand(CommandTerm):
    """Samples goals, or holds those of an evaluation. An episode succeeds if it achieves each of its goals.

    `achieved` (E, bool) is that of the present goal, `episode_success` (E) is 1 or 0. `target_pos` (E, 3) is drawn: the
    place that something has to reach, in the world's frame (m). `metrics` has the measures of `cfg.goals`.
    """

    cfg: GoalCommandCfg

    def __init__(self, cfg: GoalCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self.asset = env.scene[cfg.entity_name]
        self._progress = GoalProgress(self.num_envs, self.device)
        self.achieved = self._progress.achieved
        self.episode_success = self._progress.episode_success
        self.target_pos = torch.zeros(self.num_envs, 3, device=self.device)
        for measure in cfg.goals.measures:
            self.metrics[measure.name] = torch.zeros(self.num_envs, device=self.device)

    def hold_goals(self, goals: torch.Tensor) -> None:
        """Command these goals (E, A) from the next reset on, in the order of the configuration's `goals`."""
        self._progress.hold(goals)

    def reset(self, env_ids: torch.Tensor | slice | None) -> dict[str, float]:
        """Begin the first goal of new episodes, which have missed none."""
        extras = super().reset(env_ids)
        self._progress.begin_episodes(env_ids)
        return extras

    def _resample_command(self, env_ids: torch.Tensor) -> None:
        self._progress.begin_goals(env_ids)
        held = self._progress.held(env_ids)
        self._begin_goals(env_ids, self._sample_goals(len(env_ids)) if held is None else held)

    def _update_command(self, env_ids: torch.Tensor | None) -> None:
        ids = slice(None) if env_ids is None else env_ids
        self._progress.advance(ids, self._advance(ids))

    def _update_metrics(self) -> None:
        """Nothing: `_advance` measures, after a new goal has begun."""

    def _root_pose(self, env_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return position (N, 3) and heading (N, rad) of the root, also of one that a reset has just written."""
        pose = self.asset.data.data.qpos[:, self.asset.data.indexing.free_joint_q_adr][env_ids]
        w, x, y, z = pose[:, 3:7].unbind(-1)
        return pose[:, :3], torch.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))

    @abstractmethod
    def _sample_goals(self, count: int) -> torch.Tensor:
        """Return goals (N, A) from the configuration's ranges."""

    @abstractmethod
    def _begin_goals(self, env_ids: torch.Tensor, goals: torch.Tensor) -> None:
        """Start goals (N, A) in these environments."""

    @abstractmethod
    def _advance(self, ids: torch.Tensor | slice) -> torch.Tensor:
        """Measure the state after a step in these environments; return whether the goal is achieved now (N, bool)."""


@dataclass(kw_only=True)
class GoalCommandCfg(CommandTermCfg):
    """A command that sets goals for the entity `entity_name`."""

    goals: ClassVar[Goals]
    entity_name: str = "robot"
