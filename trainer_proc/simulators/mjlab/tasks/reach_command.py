"""A place that a hand has to reach and hold.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from mjlab.utils.lab_api.math import quat_apply_inverse

from trainer_proc.contract.evaluation import Axis, Measure
from trainer_proc.simulators.goal_progress import Range, uniform
from trainer_proc.simulators.goals import Goals
from trainer_proc.simulators.mjlab.tasks.goal_command import GoalCommand, GoalCommandCfg
from trainer_proc.simulators.reach_targets import ReachTargets

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.viewer.debug_visualizer import DebugVisualizer


class ReachCommand(GoalCommand):
    """Samples a target ahead of the robot, which then stays in the world.

    `command` (E, 3) is the target in the root's frame (m).
    """

    cfg: ReachCommandCfg
    entry_names = ("x (m)", "y (m)", "z (m)")

    def __init__(self, cfg: ReachCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        (self._hand,), _ = self.asset.find_sites(cfg.site_name)
        self.target_b = torch.zeros(self.num_envs, 3, device=self.device)
        self._targets = ReachTargets(self.num_envs, self.device)
        self.target_pos = self._targets.position

    @property
    def command(self) -> torch.Tensor:
        return self.target_b

    @property
    def hand_to_target(self) -> torch.Tensor:
        """Return the way from the hand to the target (E, 3), in the world's frame (m)."""
        way: torch.Tensor = self.target_pos - self.asset.data.site_pos_w[:, self._hand]
        return way

    def _sample_goals(self, count: int) -> torch.Tensor:
        ranges = self.cfg.ranges
        return uniform(count, (ranges.pos_x, ranges.pos_y, ranges.pos_z), self.device)

    def _begin_goals(self, env_ids: torch.Tensor, goals: torch.Tensor) -> None:
        position, heading = self._root_pose(env_ids)
        ground = self._env.scene.env_origins[env_ids, 2]
        self._targets.begin(env_ids, goals, root=position, heading=heading, ground=ground)

    def _advance(self, ids: torch.Tensor | slice) -> torch.Tensor:
        distance = self.hand_to_target.norm(dim=-1)[ids]
        self._targets.advance(ids, distance, threshold=self.cfg.success_threshold, step_dt=self._env.step_dt)
        is_held = self._targets.held_s[ids] >= self.cfg.hold_time_s
        self.metrics["distance"][ids] = distance
        self.metrics["reached"][ids] = (self.achieved[ids] | is_held).float()
        data = self.asset.data
        self.target_b[:] = quat_apply_inverse(data.root_link_quat_w, self.target_pos - data.root_link_pos_w)
        return is_held

    def _debug_vis_impl(self, visualizer: DebugVisualizer) -> None:
        for number in visualizer.get_env_indices(self.num_envs):
            target = self.target_pos[number].cpu().numpy()
            visualizer.add_sphere(center=target, radius=self.cfg.success_threshold, color=(1.0, 0.5, 0.0, 0.4))


@dataclass(kw_only=True)
class ReachCommandCfg(GoalCommandCfg):
    """Targets for the site `site_name` of a robot."""

    goals: ClassVar[Goals] = Goals(
        axes=(
            Axis("forward", "m", (0.2, 0.4, 0.6, 0.8)),
            Axis("left", "m", (-0.4, -0.1, 0.2)),
            Axis("height", "m", (0.8, 1.0, 1.2)),
        ),
        measures=(Measure("reached", better="higher"), Measure("distance", "m", "lower")),
        episode_s=5.0,
    )
    site_name: str
    success_threshold: float = 0.05
    """Largest distance of the hand from its target (m)."""
    hold_time_s: float = 1.0
    """Time that the hand has to stay there, without a break (s)."""

    @dataclass
    class Ranges:
        """Where targets are sampled (m): forward and left of the root along its heading, and above the ground."""

        pos_x: Range = (0.15, 0.35)
        pos_y: Range = (-0.35, 0.05)
        pos_z: Range = (0.9, 1.1)

    ranges: Ranges = field(default_factory=Ranges)

    def build(self, env: ManagerBasedRlEnv) -> ReachCommand:
        return ReachCommand(self, env)
