"""A place that a hand has to reach and hold, as a command of Isaac Lab.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import CommandTerm, CommandTermCfg
from isaaclab.utils import configclass
from isaaclab.utils.math import euler_xyz_from_quat, quat_apply_inverse

from trainer_proc.contract.evaluation import Axis, Measure
from trainer_proc.simulators.goal_progress import GoalProgress, Range, uniform
from trainer_proc.simulators.goals import Goals
from trainer_proc.simulators.reach_targets import ReachTargets

if TYPE_CHECKING:
    from isaaclab.assets import Articulation
    from isaaclab.envs import ManagerBasedRLEnv

_GOALS = Goals(
    axes=(
        Axis("forward", "m", (0.3, 0.45, 0.6, 0.8)),
        Axis("left", "m", (-0.4, -0.1, 0.2)),
        Axis("height", "m", (1.0, 1.2, 1.4)),
    ),
    measures=(Measure("reached", better="higher"), Measure("distance", "m", "lower")),
    episode_s=5.0,
)


class ReachCommand(CommandTerm):
    """Samples a target ahead of the robot, which then stays in the world, or holds those of an evaluation.

    `command` (E, 3) is the target in the root's frame, `target_pos` (E, 3) in the world's (m). `episode_success` (E) is
    1 if each target of the episode was held. `metrics` has the measures of `cfg.goals`.
    """

    cfg: ReachCommandCfg
    entry_names = ("x (m)", "y (m)", "z (m)")

    def __init__(self, cfg: ReachCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.asset: Articulation = env.scene[cfg.asset_name]
        (self._hand,), _ = self.asset.find_bodies(cfg.body_name)
        self._progress = GoalProgress(self.num_envs, self.device)
        self._targets = ReachTargets(self.num_envs, self.device)
        self.episode_success = self._progress.episode_success
        self.target_pos = self._targets.position
        for measure in cfg.goals.measures:
            self.metrics[measure.name] = torch.zeros(self.num_envs, device=self.device)

    @property
    def command(self) -> torch.Tensor:
        pose = self.asset.data.root_link_pose_w.torch
        target: torch.Tensor = quat_apply_inverse(pose[:, 3:], self.target_pos - pose[:, :3])
        return target

    @property
    def hand_to_target(self) -> torch.Tensor:
        """Return the way from the hand to the target (E, 3), in the world's frame (m)."""
        way: torch.Tensor = self.target_pos - self.asset.data.body_pos_w.torch[:, self._hand]
        return way

    def hold_goals(self, goals: torch.Tensor) -> None:
        """Command these goals (E, 3) from the next reset on, in the order of the configuration's `goals`."""
        self._progress.hold(goals)

    def reset(self, env_ids: torch.Tensor | slice | None = None) -> dict[str, torch.Tensor]:
        """Begin the first target of new episodes, which have missed none."""
        extras: dict[str, torch.Tensor] = super().reset(env_ids)
        self._progress.begin_episodes(env_ids)
        return extras

    def _resample_command(self, env_ids: torch.Tensor | slice) -> None:
        self._progress.begin_goals(env_ids)
        goals, pose = self._progress.held(env_ids), self.asset.data.root_link_pose_w.torch[env_ids]
        if goals is None:
            ranges = self.cfg.ranges
            goals = uniform(len(pose), (ranges.pos_x, ranges.pos_y, ranges.pos_z), self.device)
        _, _, heading = euler_xyz_from_quat(pose[:, 3:])
        ground = self._env.scene.env_origins[env_ids, 2]
        self._targets.begin(env_ids, goals, root=pose[:, :3], heading=heading, ground=ground)

    def _update_command(self) -> None:
        distance = self.hand_to_target.norm(dim=-1)
        everywhere = slice(None)
        self._targets.advance(everywhere, distance, threshold=self.cfg.success_threshold, step_dt=self._env.step_dt)
        self._progress.advance(everywhere, self._targets.held_s >= self.cfg.hold_time_s)
        self.metrics["distance"][:] = distance
        self.metrics["reached"][:] = self._progress.achieved.float()

    def _update_metrics(self) -> None:
        """Nothing: `_update_command` measures, after a new target has begun."""


@configclass
class ReachCommandCfg(CommandTermCfg):
    """Targets for the body `body_name` of a robot."""

    class_type: type = ReachCommand
    asset_name: str = "robot"
    body_name: str = "right_hand"
    success_threshold: float = 0.05
    """Largest distance of the hand from its target (m)."""
    hold_time_s: float = 1.0
    """Time that the hand has to stay there, without a break (s)."""

    @configclass
    class Ranges:
        """Where targets are sampled (m): forward and left of the root along its heading, and above the ground."""

        pos_x: Range = (0.25, 0.4)
        pos_y: Range = (-0.35, -0.05)
        pos_z: Range = (1.15, 1.4)

    ranges: Ranges = Ranges()

    @property
    def goals(self) -> Goals:
        """Return what an evaluation holds; a field would be a value that can be overridden."""
        return _GOALS
